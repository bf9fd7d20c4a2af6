"""Draws the moving background behind the words: one family of shapes per video, rearranged for each shot or beat.

Every family keeps a large shape moving, so that the video never counts as frozen, and covers enough of a dark ground
with lighter shapes that no frame counts as black.
"""

import math
import random
from functools import cache

from PIL import Image

from pilot_core.video.storyboard import canvas as art
from pilot_core.video.storyboard.canvas import Canvas, Tile
from pilot_core.video.storyboard.easing import cubic_in_out, cubic_out, pulse, quint_out, spring, sway
from pilot_core.video.storyboard.film import FPS, PORTRAIT, Film, FilmShot
from pilot_core.video.storyboard.palette import mix
from pilot_core.video.storyboard.scheme import Scheme


class Backdrop:
    """The background of one video. ``paint`` draws a shot's ground and shapes at a frame of the whole video."""

    def __init__(self, film: Film):
        self.film = film
        self.width, self.height = film.width, film.height
        self.scale = film.scale
        self.random = random.Random(film.seed + film.direction.variation)
        self.flip = self.random.random() < 0.5
        self.beat_starts: dict[int, int] = {}
        for shot in film.shots:
            self.beat_starts.setdefault(shot.beat_index, shot.start)
        self._family = getattr(self, f"_{film.family}")
        self._disc = cache(lambda radius: art.disc(radius))
        self._ring = cache(lambda radius, thick: art.ring(radius, thick))
        self._pebbles_made: list[Tile] = []
        self._hills_made: list[Tile] = []
        self._bands: dict[int, Tile] = {}
        self._orbit = self.random.random()

    def px(self, length: float) -> float:
        return length * self.scale

    def paint(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        canvas.fill(scheme.ground)
        if shot.picture and self.film.kit.picture(shot.picture):
            return  # the picture is what moves, and shapes would cross its words
        self._family(canvas, shot, scheme, frame)

    def _shift(self, shot: FilmShot, frame: int, length: int) -> float:
        """Return how far the shapes have moved from the previous beat's arrangement to this one's, 0 to 1."""
        if shot.beat_index == 0:
            return 1.0
        return cubic_in_out((frame - self.beat_starts[shot.beat_index]) / length)

    # Bold ---------------------------------------------------------------------------------------------------------

    def _steps(self, canvas: Canvas, scheme: Scheme, frame: int) -> None:
        """Draw eight squares below the words: as many are lit as eighths of the film have played, the last on beats."""
        side, gap, y = self.px(30), self.px(58), self.height * (1 - self.film.ratio.bottom * 0.57)
        left = self.px(76)
        played, hit = 8 * frame // self.film.frames, pulse(frame, self.film.beat_frames)
        for i in range(8):
            grow = self.px(9) * hit if i == played else 0
            x = left + i * gap
            colour = scheme.ink if i <= played else scheme.line
            canvas.rect(x - grow, y - grow, x + side + grow, y + side + grow, colour)

    def _blocks(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        width, height = float(self.width), float(self.height)
        local = frame - shot.start + (6 if shot.index == 0 else 0)
        come = spring(local / 12)
        creep = local * self.px(1.1)
        hit = self.px(26) * pulse(frame, self.film.beat_frames)
        place = shot.variant % 4
        # Blocks stay where no words are, so that no edge runs behind a letter.
        high, low = self.film.ratio.top * 0.9, self.film.ratio.bottom * 0.85
        if shot.role == "cta":
            canvas.rect(0, 0, width, height * 0.085 * come + hit * 0.6, scheme.under)
            canvas.rect(0, height * 0.955 - hit * 0.6, width * min(1.0, local / 150), height, scheme.under)
        elif place == 0:
            top = height - come * height * low - creep * 0.2 - hit * 0.5
            canvas.rect(0, top, width, height, scheme.under)
            canvas.rect(0, top, width * 0.18 + creep * 4, top + self.px(22), scheme.spark)
        elif place == 1:
            bottom = come * height * high + hit * 0.4
            canvas.rect(0, 0, width, bottom, scheme.under)
            canvas.rect(width * 0.74 - creep * 4, bottom - self.px(22), width, bottom, scheme.spark)
        elif place == 2:
            side = width * (1 - 0.58 * come) - creep * 2
            canvas.rect(side, height * (1 - low) - hit * 0.5, width, height, scheme.under)
            canvas.rect(side, height - self.px(84), side + self.px(84), height, scheme.spark)
        else:
            side = width * 0.62 * come + creep * 2
            canvas.rect(0, 0, side, height * high + hit * 0.4, scheme.under)
            canvas.rect(side - self.px(84), 0, side, self.px(84), scheme.spark)
        self._steps(canvas, scheme, frame)

    def _discs(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        local = frame - shot.start + (6 if shot.index == 0 else 0)
        come = quint_out(local / 14)
        radius = int(self.px((430, 400, 460, 410)[shot.variant % 4]))
        home_x, is_above = ((0.98, True), (0.06, False), (0.92, False), (0.10, True))[shot.variant % 4]
        # The disc stays above or below the words.
        ratio, away = self.film.ratio, -1 if is_above else 1
        edge = self.height * (ratio.top if is_above else 1 - ratio.bottom)
        out_x = 1 if home_x > 0.5 else -1
        x = home_x * self.width + out_x * (1 - come) * radius * 1.2 - out_x * local * self.px(1.5)
        y = edge + away * (radius + local * self.px(0.3))
        canvas.stamp(self._disc(radius), x - radius, y - radius, scheme.under)
        left, right, y = self.px(76), self.width - self.px(76), self.height * (1 - ratio.bottom * 0.5)
        canvas.rect(left, y, right, y + self.px(8), scheme.line)
        canvas.rect(left, y, left + (right - left) * (frame + 1) / self.film.frames, y + self.px(8), scheme.spark)

    def _stripes(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        """Draw slanted bands: a broad one behind the words, and a moving row of narrow ones along the bottom edge."""
        local = frame - shot.start + (6 if shot.index == 0 else 0)
        come = quint_out(local / 12)
        lean = -1 if (shot.variant + self.flip) % 2 else 1
        broad = int(self.px((420, 560, 330)[shot.variant % 3]))
        tile = self._band(broad, lean)
        travel = (1 - come) * self.width * 1.1 + local * self.px(2.2)
        x = (
            (self.width * (0.34, 0.05, 0.55)[shot.variant % 3])
            - tile.size[0] / 2
            + self.width * 0.25
            + lean * travel * -1
        )
        canvas.stamp(tile, x, 0, scheme.under)
        # No band runs behind the words.
        canvas.rect(
            0, self.height * self.film.ratio.top, self.width, self.height * (1 - self.film.ratio.bottom), scheme.ground
        )
        step = int(self.px(120))
        foot = self._foot(step, lean)
        shift = (frame * self.px(3.0)) % step
        y = self.height - foot.size[1]
        canvas.stamp(foot, (shift if lean > 0 else -shift) - step, y, scheme.spark)

    def _band(self, broad: int, lean: int) -> Tile:
        key = broad * lean
        if key not in self._bands:
            slant = int(self.height * 0.42)
            width = broad + slant
            top, bottom = (slant, 0) if lean > 0 else (0, slant)
            points = [
                (float(top), 0.0),
                (float(top + broad), 0.0),
                (float(bottom + broad), float(self.height)),
                (float(bottom), float(self.height)),
            ]
            self._bands[key] = art.polygon(points, width, self.height)
        return self._bands[key]

    def _foot(self, step: int, lean: int) -> Tile:
        key = 1_000_000 * lean
        if key not in self._bands:
            tall = int(self.px(104)) // 2 * 2
            image = Image.new("L", (self.width + 2 * step, tall))
            slant = tall * 0.6
            top, bottom = (slant, 0.0) if lean > 0 else (0.0, slant)
            bar = art.polygon(
                [(top, 0.0), (top + step / 2, 0.0), (bottom + step / 2, float(tall)), (bottom, float(tall))],
                int(step / 2 + slant),
                tall,
            )
            for x in range(0, self.width + 2 * step, step):
                image.paste(art.OPAQUE, (x, 0, x + bar.size[0], tall), bar.image)
            self._bands[key] = Tile(image)
        return self._bands[key]

    # Empathetic ---------------------------------------------------------------------------------------------------

    def _hills(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        if not self._hills_made:
            self._hills_made = [self._hill(i) for i in range(3)]
        shift = self._shift(shot, frame, 50)
        radius = int(self.px(190))
        seat = [0.74, 0.30, 0.62, 0.22, 0.80, 0.45, 0.68]
        before = seat[(shot.beat_index - 1) % 7]
        now = 0.84 if shot.beat == "cta" else seat[shot.beat_index % 7]
        rise = frame / max(1, self.film.frames)
        x = self.width * (before + (now - before) * shift)
        if self.film.ratio is not PORTRAIT:
            x = self.width * 0.86  # beside the words, which reach further down than in portrait
        low = 0.05 if shot.beat == "cta" else 0.0
        y = self.height * (0.80 - 0.09 * rise + low) + self.px(24) * sway(frame, 170)
        canvas.stamp(self._disc(radius), x - radius, y - radius, scheme.spark, smooth=True)
        layers = (scheme.under, mix(scheme.under, scheme.line, 0.5), scheme.line)
        for i, (tile, colour) in enumerate(zip(self._hills_made, layers, strict=True)):
            lift = sway(shot.beat_index - 1 + shift, 5.0, i * 0.31) * self.px(36)
            drift = sway(frame, 430 - 70 * i, i * 0.27 + self._orbit) * self.px(175)
            x = -self.px(200) + drift
            y = self.height * (0.735 + 0.062 * i) + lift
            canvas.stamp(tile, x, y, colour, smooth=True)

    def _hill(self, number: int) -> Tile:
        width, tall = self.width + int(self.px(400)), int(self.height * (0.32 - 0.05 * number))
        bumps = [(self.random.uniform(0.7, 1.5), self.random.random()) for _ in range(2)]
        points = [(0.0, float(tall))]
        for x in range(0, width + 1, 8):
            swing = sum(math.sin(2 * math.pi * (x / width * rate + phase)) for rate, phase in bumps) / 2
            points.append((float(x), self.px(95) * (1 - swing) + 2))
        points.append((float(width), float(tall)))
        return art.polygon(points, width, tall)

    def _orb(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        shift = self._shift(shot, frame, 44)
        seats = (0.46, 0.445, 0.475, 0.45, 0.465, 0.44, 0.46)
        before, now = seats[(shot.beat_index - 1) % 7], seats[shot.beat_index % 7]
        x = self.width * 0.5 + self.px(16) * sway(frame, 400)
        y = self.height * (before + (now - before) * shift) + self.px(26) * sway(frame, 300, 0.2)
        radius = int(self.px(500))
        canvas.stamp(self._disc(radius), x - radius, y - radius, scheme.under, smooth=True)
        around = int(self.px(640))
        canvas.stamp(
            self._ring(around, self.px(3)), x - around - self.px(14) * sway(frame, 240), y - around, scheme.line
        )
        turn = frame / (FPS * 26) + self._orbit
        for reach, size, colour, rate, ahead in (
            (640, 46, scheme.spark, 1.0, 0.0),
            (640, 20, scheme.line, 1.0, 0.42),
            (770, 74, scheme.under, -0.7, 0.2),
        ):
            angle = 2 * math.pi * (turn * rate + ahead)
            small = int(self.px(size))
            spot_x, spot_y = x + self.px(reach) * math.cos(angle), y + self.px(reach) * math.sin(angle)
            canvas.stamp(self._disc(small), spot_x - small, spot_y - small, colour, smooth=True)

    def _pebbles(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        if not self._pebbles_made:
            self._pebbles_made = [self._pebble(int(self.px(r))) for r in (300, 260, 210, 130, 84)]
        homes = (  # each shape stays above or below the words, so that none crosses them when it moves
            ((0.93, 0.04), (0.08, 0.97), (0.92, 0.88), (0.28, 0.87), (0.66, 0.93)),
            ((0.30, 0.02), (0.26, 0.99), (0.70, 0.93), (0.08, 0.88), (0.92, 0.85)),
            ((0.08, 0.04), (0.92, 0.98), (0.48, 0.94), (0.66, 0.86), (0.12, 0.90)),
            ((0.64, 0.02), (0.66, 0.98), (0.10, 0.90), (0.90, 0.86), (0.36, 0.90)),
        )
        offset = int(self._orbit * 4)
        before = homes[(shot.beat_index - 1 + offset) % 4]
        now = homes[(shot.beat_index + offset) % 4]
        colours = (scheme.under, scheme.line, scheme.spark, scheme.under, scheme.spark)
        start = self.beat_starts[shot.beat_index]
        for i, (tile, colour) in enumerate(zip(self._pebbles_made, colours, strict=True)):
            share = 1.0 if shot.beat_index == 0 else cubic_in_out((frame - start - 3 * i) / 52)
            x = before[i][0] + (now[i][0] - before[i][0]) * share
            y = before[i][1] + (now[i][1] - before[i][1]) * share
            swing_x, swing_y = sway(frame, 330 + 40 * i, i * 0.23), sway(frame, 270 + 30 * i, 0.4 + i * 0.17)
            left = x * self.width + self.px(34) * swing_x - tile.size[0] / 2
            canvas.stamp(tile, left, y * self.height + self.px(34) * swing_y - tile.size[1] / 2, colour, smooth=True)

    def _pebble(self, radius: int) -> Tile:
        waves = [(n, self.random.uniform(0.02, 0.09) / (n - 1), self.random.random()) for n in (2, 3)]
        size = int(radius * 2.4)
        points = []
        for step in range(120):
            angle = 2 * math.pi * step / 120
            reach = radius * (1 + sum(depth * math.sin(n * angle + 2 * math.pi * phase) for n, depth, phase in waves))
            points.append((size / 2 + reach * math.cos(angle) * 1.06, size / 2 + reach * math.sin(angle) * 0.94))
        return art.polygon(points, size, size)

    # Professional -------------------------------------------------------------------------------------------------

    def _progress(self, canvas: Canvas, scheme: Scheme, frame: int) -> None:
        """Draw a progress bar near the top of the frame: the share of the video that has played."""
        left, right, y = self.px(76), self.width - self.px(76), self.height * 0.118
        canvas.rect(left, y, right, y + self.px(3), scheme.line)
        canvas.rect(
            left, y - self.px(2), left + (right - left) * (frame + 1) / self.film.frames, y + self.px(5), scheme.spark
        )

    def _columns(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        left, pitch = self.px(76), (self.width - self.px(152)) / 4
        local = frame - self.beat_starts[shot.beat_index]
        column = (3, 0, 2, 1, 3, 0, 2)[(shot.beat_index + int(self._orbit * 7)) % 7]
        sweep = (frame * self.px(1.4)) % (self.width + pitch) - pitch
        canvas.rect(sweep, 0, sweep + pitch, self.height, mix(scheme.ground, scheme.under, 0.5))
        # Whole columns, from edge to edge: bars of different heights would look like data.
        wide = pitch * cubic_out(local / 30)
        canvas.rect(left + column * pitch, 0, left + column * pitch + wide, self.height, scheme.under)
        for i in range(5):
            drawn = cubic_out((frame + 16 - 3 * i) / 40)
            canvas.rect(left + i * pitch - 1, 0, left + i * pitch + 1, self.height * drawn, scheme.line)
        self._progress(canvas, scheme, frame)

    def _rows(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        pitch = self.px(96)
        count = int(self.height / pitch) + 1
        local = frame - self.beat_starts[shot.beat_index]
        row = (0.4, 1.6, 0.8, 2.0, 1.2, 0.2, 1.8)[(shot.beat_index + int(self._orbit * 7)) % 7]
        foot = self.height * (1 - self.film.ratio.bottom) + self.px(20)
        y = foot + (row * 0.4 + 0.34 * local / FPS + 1.2 * (1 - cubic_out(local / 26))) * pitch * 0.6
        canvas.rect(0, y, self.width, y + pitch, scheme.under)
        canvas.rect(0, y, self.px(22), y + pitch, scheme.spark)
        for i in range(count):
            line_y = self.height * 0.118 + i * pitch
            drawn = cubic_out((frame + 14 - i) / 34)
            # Lines of a ledger in the margin, and whole ones only below the words.
            end = self.width - self.px(76) if line_y > foot else self.px(48)
            canvas.rect(self.px(10), line_y, self.px(10) + (end - self.px(10)) * drawn, line_y + 2, scheme.line)
        edge = self.width - self.px(30)
        share = (frame + 1) / self.film.frames
        canvas.rect(edge, self.height * 0.118, edge + self.px(8), self.height * (0.118 + 0.85 * share), scheme.spark)

    def _frame(self, canvas: Canvas, shot: FilmShot, scheme: Scheme, frame: int) -> None:
        shift = self._shift(shot, frame, 36)
        seats = [(0.86, 0.03), (0.20, 0.98), (0.80, 0.98), (0.14, 0.02), (0.84, 0.98), (0.3, 0.99), (0.86, 0.02)]
        offset = int(self._orbit * 7)
        before, now = seats[(shot.beat_index - 1 + offset) % 7], seats[(shot.beat_index + offset) % 7]
        x = self.width * (before[0] + (now[0] - before[0]) * shift) + self.px(40) * sway(frame, 270)
        y = self.height * (before[1] + (now[1] - before[1]) * shift) + self.px(40) * sway(frame, 230, 0.3)
        radius = int(self.px(300))
        canvas.stamp(self._disc(radius), x - radius, y - radius, scheme.under)
        canvas.stamp(self._ring(radius, self.px(3)), x - radius, y - radius, scheme.line)
        arm, thick = self.px(64) * cubic_out((frame + 12) / 26), self.px(4)
        left, right, top, bottom = self.px(76), self.width - self.px(76), self.height * 0.128, self.height * 0.80
        for corner_x, to_x in ((left, 1), (right, -1)):
            for corner_y, to_y in ((top, 1), (bottom, -1)):
                x0, x1 = sorted((corner_x, corner_x + to_x * arm))
                y0, y1 = sorted((corner_y, corner_y + to_y * thick))
                canvas.rect(x0, y0, x1, y1, scheme.ink)
                x0, x1 = sorted((corner_x, corner_x + to_x * thick))
                y0, y1 = sorted((corner_y, corner_y + to_y * arm))
                canvas.rect(x0, y0, x1, y1, scheme.ink)
        share = (frame + 1) / self.film.frames
        canvas.rect(
            left, self.height * 0.835, left + (right - left) * share, self.height * 0.835 + self.px(6), scheme.spark
        )
