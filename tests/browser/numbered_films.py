"""Films whose frames carry their own number as black and white blocks, so that a picture tells which frame it is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

BITS = 12
COLUMNS, ROWS = 3, 4
BLOCK = 36  # pixels
WIDTH, HEIGHT = 216, 384
SOUND_RATE = 16_000  # hertz; a low one encodes fast
FONT = ImageFont.load_default(72)
LEFT, TOP = (WIDTH - COLUMNS * BLOCK) // 2, 180

# Reads the number back from a video element: the middle of each block, black or white.
READ_NUMBER = f"""
(video) => {{
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [{WIDTH}, {HEIGHT}];
  const context = canvas.getContext("2d", {{ willReadFrequently: true }});
  context.drawImage(video, 0, 0, {WIDTH}, {HEIGHT});
  let number = 0;
  for (let bit = 0; bit < {BITS}; bit++) {{
    const x = {LEFT} + (bit % {COLUMNS}) * {BLOCK} + {BLOCK // 2};
    const y = {TOP} + Math.floor(bit / {COLUMNS}) * {BLOCK} + {BLOCK // 2};
    if (context.getImageData(x, y, 1, 1).data[0] > 127) number += 2 ** bit;
  }}
  return number;
}}
"""


def make_numbered_film(path: Path, rate: Fraction, seconds: float = 10, hue: int = 0) -> Path:
    """Write a film (h264 with B-frames, a quiet tone, the index first) to ``path`` and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        video = film.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"preset": "veryfast", "g": "48", "bf": "3", "crf": "20"}
        sound = film.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number in range(round(seconds * rate)):
            film.mux(video.encode(av.VideoFrame.from_image(picture(number, seconds * float(rate), hue))))
        film.mux(video.encode(None))
        times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
        tone = (0.05 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
        samples = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        samples.sample_rate = SOUND_RATE
        film.mux(sound.encode(samples))
        film.mux(sound.encode(None))
    return path


def picture(number: int, count: float, hue: int = 0) -> Image.Image:
    """The frame of that number, with a bar at its foot that fills up over ``count`` frames."""
    image = Image.new("RGB", (WIDTH, HEIGHT), f"hsl({hue}, 40%, 25%)")
    draw = ImageDraw.Draw(image)
    draw.text((WIDTH / 2, 90), str(number), fill="white", font=FONT, anchor="mm")
    for bit in range(BITS):
        x, y = LEFT + bit % COLUMNS * BLOCK, TOP + bit // COLUMNS * BLOCK
        draw.rectangle((x, y, x + BLOCK - 1, y + BLOCK - 1), fill="white" if number >> bit & 1 else "black")
    draw.rectangle((0, HEIGHT - 12, WIDTH * (number + 1) / count, HEIGHT), fill="white")
    return image
