"""What flows along an edge: shape, kind, and whether time changes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge_snn.graph.checks import MAX_DIM, MAX_ELEMENTS, check_int, fail


class Kind(str, Enum):
    """What the numbers of an edge are.

    PIXELS   uint8 of the input image, 0..255.
    CURRENT  membrane-domain numbers: sums of weights, residual streams (signed).
    SPIKES   {0, 1} of a binary neuron.
    TERNARY  {-1, 0, 1} of a ternary neuron.
    KEY      numbers >= 0 behind a ReLU (K of A2OS2A).
    GRADED   8-bit codes 0..255 with a zero point, as int8 networks have them.
    LOGITS   class scores, one vector for all time steps.
    """

    PIXELS = "pixels"
    CURRENT = "current"
    SPIKES = "spikes"
    TERNARY = "ternary"
    KEY = "key"
    GRADED = "graded"
    LOGITS = "logits"

    @property
    def words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    Kind.PIXELS: "the image",
    Kind.CURRENT: "sums of weights (what drives a membrane)",
    Kind.SPIKES: "spikes",
    Kind.TERNARY: "ternary spikes",
    Kind.KEY: "numbers behind a ReLU",
    Kind.GRADED: "8-bit codes (of an int8 network)",
    Kind.LOGITS: "logits",
}
SPIKE_KINDS = (Kind.SPIKES, Kind.TERNARY)


@dataclass(frozen=True)
class TensorSpec:
    """Shape and kind of one edge, for one image and one time step.

    Attributes:
        shape: (height, width, channels). Tokens are positions: N = height * width, row major.
        kind: see :class:`Kind`.
        static: the same at every time step (image and what is computed from it before a neuron), so
            it is held and computed once.
    """

    shape: tuple[int, int, int]
    kind: Kind
    static: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.shape, tuple) or len(self.shape) != 3:
            raise fail("tensor", "shape must have three numbers: height, width, channels")
        for dim in self.shape:
            check_int("tensor", "a dimension", dim, 1, MAX_DIM)
        if self.size > MAX_ELEMENTS:
            raise fail("tensor", f"{self.size} elements, allowed are at most {MAX_ELEMENTS}")

    @property
    def channels(self) -> int:
        return self.shape[2]

    @property
    def positions(self) -> int:
        """Number of positions (tokens), height * width."""
        return self.shape[0] * self.shape[1]

    @property
    def size(self) -> int:
        """Elements per time step."""
        return self.shape[0] * self.shape[1] * self.shape[2]
