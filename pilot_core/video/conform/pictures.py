"""Turn a decoded picture into the one that is encoded: upright, square pixels, even size, 8-bit 4:2:0, BT.709."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import NamedTemporaryFile

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from pilot_core.video.conform.survey import BT709, HDR_TRANSFERS, Pictures
from pilot_core.video.conform.tones import WIDE_PRIMARIES, write_table

MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc", 10: "bt2020c"}
FORMAT = "yuv420p"
TURNS = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}
"""The filters for each orientation."""


@dataclass(frozen=True)
class Size:
    """The size of a rendition in pixels, both even."""

    width: int
    height: int


def size_within(shown: tuple[int, int], short_side: int) -> Size:
    """Return the even size nearest to the shown one, with at most ``short_side`` pixels on its shorter side."""
    scale = min(Fraction(1), Fraction(short_side, min(shown)))
    width, height = (max(2, 2 * round(length * scale / 2)) for length in shown)
    return Size(width, height)


def is_hdr(pictures: Pictures) -> bool:
    """Whether the pictures are brighter than a standard screen."""
    return pictures.transfer in HDR_TRANSFERS


class Deinterlacer:
    """Makes whole pictures of interlaced ones, at the same rate."""

    def __init__(self) -> None:
        self._graph: Graph | None = None

    def push(self, frame: VideoFrame | None) -> list[VideoFrame]:
        """Take the next picture, or None at the end, and return those that are done."""
        if self._graph is None:
            if frame is None:
                return []
            self._graph = Graph()
            source = self._graph.add("buffer", _buffer(frame, frame.colorspace))
            _link(self._graph, source, [("bwdif", "mode=send_frame:deint=interlaced")])
        return _through(self._graph, frame)


class Converter:
    """Converts pictures to one size."""

    def __init__(self, pictures: Pictures, size: Size):
        self._pictures, self._size = pictures, size
        self._brings_tones_down = is_hdr(pictures) or pictures.primaries in WIDE_PRIMARIES
        self._graph: Graph | None = None
        self._kind: tuple[object, ...] = ()

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture as it is encoded; the same object if nothing has to change."""
        matrix = frame.colorspace if frame.colorspace in MATRICES else self._pictures.matrix
        kind = (frame.width, frame.height, frame.format.name, matrix, frame.color_range)
        fits = kind[:4] == (self._size.width, self._size.height, FORMAT, BT709) and frame.color_range != 2
        if fits and not self._brings_tones_down and self._pictures.turned == (1, 0, 0, 1):
            return frame
        if self._graph is None or kind != self._kind:
            self._graph, self._kind = Graph(), kind
            source = self._graph.add("buffer", _buffer(frame, matrix))
            with NamedTemporaryFile(suffix=".cube") as table:
                if self._brings_tones_down:
                    write_table(Path(table.name), self._pictures.transfer, self._pictures.primaries)
                # The filter reads the table when it is made.
                _link(self._graph, source, self._filters(matrix, table.name))
        frame.colorspace = matrix
        return _through(self._graph, frame)[0]

    def _filters(self, matrix: int, table: str) -> list[tuple[str, str]]:
        turned = self._pictures.turned
        width, height = self._size.width, self._size.height
        if turned[1]:
            width, height = height, width
        scale = f"w={width}:h={height}:flags=bicubic"
        to_709 = "out_color_matrix=bt709:out_range=tv"
        if not self._brings_tones_down:
            filters = [("scale", f"{scale}:in_color_matrix={MATRICES[matrix]}:{to_709}"), ("format", FORMAT)]
        else:
            filters = [
                ("scale", f"{scale}:in_color_matrix={MATRICES[matrix]}"),
                ("format", "gbrp10"),
                ("lut3d", table),
                ("scale", to_709),
                ("format", FORMAT),
            ]
        return [*filters, *TURNS[turned], ("setsar", "1")]


def _buffer(frame: VideoFrame, matrix: int) -> str:
    matrix_name = f":colorspace={MATRICES[matrix]}" if matrix in MATRICES else ""
    full = "pc" if frame.color_range == 2 else "tv" if frame.color_range == 1 else "unknown"
    return (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000000"
        f"{matrix_name}:range={full}"
    )


def _link(graph: Graph, source: FilterContext, filters: list[tuple[str, str]]) -> None:
    made = [
        graph.add(name, file=given) if name == "lut3d" else graph.add(name, given) if given else graph.add(name)
        for name, given in filters
    ]
    graph.link_nodes(source, *made, graph.add("buffersink")).configure()


def _through(graph: Graph, frame: VideoFrame | None) -> list[VideoFrame]:
    graph.vpush(frame)
    out = []
    while True:
        try:
            out.append(graph.vpull())
        except (av.BlockingIOError, av.EOFError):
            return out
