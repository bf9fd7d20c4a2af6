"""Turn decoded sound into what is encoded: stereo at 48 kHz, without gaps, beginning with conformed frame 0."""

from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

RATE = 48_000


class Mixer:
    """Mixes sound down to stereo. ``origin`` is the time of conformed frame 0, in the file's seconds."""

    def __init__(self, origin: float):
        self._origin = origin
        self._graph: Graph | None = None
        self._kind: tuple[object, ...] = ()
        self._sent = 0

    def push(self, frame: AudioFrame | None) -> list[AudioFrame]:
        """Take the next sound, or None at the end, and return what is ready, each with its place in samples."""
        if frame is None:
            return self._through(None) if self._graph else []
        out: list[AudioFrame] = []
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._graph is None or kind != self._kind:
            if self._graph is not None:
                out += self._through(None)
            self._graph, self._kind = self._made(frame), kind
        at = (frame.time or 0.0) - self._origin
        frame.time_base = Fraction(1, frame.sample_rate)
        frame.pts = round(at * frame.sample_rate)
        return out + self._through(frame)

    def _made(self, frame: AudioFrame) -> Graph:
        """Return a graph that fills gaps with silence and cuts off what lies before the first sample wanted."""
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format,
            layout=frame.layout,
            time_base=Fraction(1, frame.sample_rate),
        )
        resample = graph.add("aresample", f"{RATE}:async=1:min_hard_comp=0.05:first_pts={self._sent}")
        format_ = graph.add("aformat", f"sample_fmts=fltp:sample_rates={RATE}:channel_layouts=stereo")
        graph.link_nodes(source, resample, format_, graph.add("abuffersink")).configure()
        return graph

    def _through(self, frame: AudioFrame | None) -> list[AudioFrame]:
        if self._graph is None:
            return []
        self._graph.push(frame)
        out: list[AudioFrame] = []
        while True:
            try:
                pulled = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return out
            if isinstance(pulled, AudioFrame):
                pulled.pts, pulled.time_base = self._sent, Fraction(1, RATE)
                self._sent += pulled.samples
                out.append(pulled)
