"""What conforming a video found and made, in the form in which the child process sends it."""

from fractions import Fraction

from pydantic import BaseModel, ConfigDict


class Delivered(BaseModel):
    """The file as it was delivered. ``frame_rate`` is None if it varies. Sizes are as shown, in pixels."""

    model_config = ConfigDict(frozen=True)

    suffix: str
    video_codec: str
    pixel_format: str
    frame_rate: float | None
    width: int
    height: int
    audio_codec: str | None
    audio_sample_rate: int | None
    faststart: bool


class Conformed(BaseModel):
    """The result. ``is_as_delivered`` means that the delivered file plays everywhere and nothing was made of it.

    ``note`` says in one line what people should know of the conversion, and is empty if there is nothing. Frame 0
    begins at ``source_start`` seconds of the delivered file, frame n at n ÷ ``rate`` seconds after that.
    """

    model_config = ConfigDict(frozen=True)

    is_as_delivered: bool
    has_light: bool
    note: str
    rate: Fraction
    frames: int
    source_start: float
    delivered: Delivered
