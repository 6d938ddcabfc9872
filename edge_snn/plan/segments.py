"""How the 8 bits of codes are cut into segments: by cost, on codes that calibration has seen (esnn_graded_conv.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graded import CODES

BITS = 8
MOST_DIGIT_BITS = 6

# Instructions of an M4, for a window and 16 outputs: what the choice is made by. Other cores have the same optimum
# within a few percent; the sums are the same whatever is chosen.
ROW = 11.75  # a row is added
PLANE = 25.0  # a list of a plane is begun, and the accumulator doubled
DIGIT = 22.0  # a list of a digit is begun, and the accumulator stored
VECTOR = 13.0  # a stored vector is added to the others ..
RUN = 17.0  # .. and each run of them widened
SEGMENT = 30.0
ENTRY = 6.0  # an input is put into a list: once for all windows of a column, and all outputs


@dataclass(frozen=True)
class Segment:
    """Some bits of a code.

    Attributes:
        planes: a list for each bit; else one for each value but 0.
        bits: their number.
        first: the lowest of them.
        run: vectors that may be added in 16-bit lanes.
    """

    planes: bool
    bits: int
    first: int
    run: int

    @property
    def lists(self) -> int:
        return self.bits if self.planes else (1 << self.bits) - 1

    @property
    def vectors(self) -> int:
        """Vectors that a walk leaves."""
        return 1 if self.planes else self.lists

    def digits(self) -> np.ndarray:
        """What each code has here, int64 [256]."""
        return (np.arange(CODES) >> self.first) & ((1 << self.bits) - 1)

    def entries(self) -> np.ndarray:
        """Lists that each code is in, int64 [256]."""
        digits = self.digits()
        if not self.planes:
            return (digits > 0).astype(np.int64)
        return np.array([bin(digit).count("1") for digit in digits], np.int64)


def lane_bound(weight: np.ndarray) -> int:
    """Largest sum that one lane can hold when each row is added at most once: weight int8 [.., cout]."""
    flat = weight.reshape(-1, weight.shape[-1]).astype(np.int64)
    return int(max(np.maximum(flat, 0).sum(axis=0).max(), np.maximum(-flat, 0).sum(axis=0).max(), 1))


def _cost(segment: Segment, share: np.ndarray, inputs: int, listed: float) -> float:
    entries = float((share * segment.entries()).sum())
    fixed = SEGMENT + (PLANE * segment.bits if segment.planes else DIGIT * segment.lists)
    added = VECTOR * segment.vectors + RUN * -(-segment.vectors // segment.run)
    return entries * (inputs * ROW + listed * ENTRY) + fixed + added


def choose(seen: np.ndarray | None, bound: int, inputs: int, listed: float) -> tuple[Segment, ...]:
    """The cheapest segments, from the highest bits down.

    Args:
        seen: int [256], how often each code occurs; None for codes behind a ReLU as they usually are.
        bound: see :func:`lane_bound`; at most 32,767.
        inputs: rows of a window, if none were left out.
        listed: inputs that are listed for a window and 16 outputs.
    """
    share = usual() if seen is None or not seen.any() else seen / seen.sum()
    best: dict[int, tuple[float, tuple[Segment, ...]]] = {BITS: (0.0, ())}
    for first in range(BITS - 1, -1, -1):
        options = []
        for top in range(first + 1, BITS + 1):
            cost, above = best[top]
            for segment in _segments(first, top - first, bound):
                options.append((cost + _cost(segment, share, inputs, listed), (*above, segment)))
        best[first] = min(options, key=lambda option: option[0])
    return best[0][1]


def _segments(first: int, bits: int, bound: int) -> list[Segment]:
    found = []
    if bound * ((1 << bits) - 1) <= INT16_MAX:
        found.append(Segment(True, bits, first, 1))
    if bits <= MOST_DIGIT_BITS:
        vectors = (1 << bits) - 1
        found.append(Segment(False, bits, first, min(vectors, INT16_MAX // bound)))
    return found


def usual() -> np.ndarray:
    """Shares of codes where nothing is known: half of them 0, the rest rarer the larger."""
    share = np.exp(-np.arange(CODES) / 24.0)
    share[0] = 0.0
    share *= 0.5 / share.sum()
    share[0] = 0.5
    return share
