"""How the 8 bits of codes are cut into segments: by cost, on codes that calibration has seen (esnn_graded_conv.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graded import CODES

BITS = 8
MOST_DIGIT_BITS = 5  # so that a byte holds four times the number of a list
MOST_LISTS_OF_A_CODE = 4  # a byte of a word each


@dataclass(frozen=True)
class Costs:
    """Instructions for a window and 16 outputs on some cores, measured: what the choice is made by.

    Attributes:
        row: a row is added.
        plane: a list of a plane is begun, and the accumulator doubled.
        digit: a list of a digit is begun, and the accumulator stored.
        vector: a stored vector is added to the others ..
        run: .. and each run of them widened.
        segment: whatever else it takes.
        entry: an input is put into a list: once for all windows of a column, and all outputs.
        line: a line of windows is counted.
        input, term, skipped: layers that are code: an input and a group of outputs, a term, an input that is 0.
        code: bytes that such a layer may take.
        table: bytes that a layer of tables of halves of codes may take; 0: there are none.
    """

    row: float
    plane: float
    digit: float
    vector: float
    run: float
    segment: float
    entry: float
    line: float
    input: float
    term: float
    skipped: float
    code: int
    table: int


ARMV7M = Costs(11.75, 24.0, 17.5, 10.0, 16.0, 30.0, 9.0, 5000.0, 5.0, 1.0, 3.0, 4096, 0)
ARMV6M = Costs(14.0, 31.0, 32.0, 17.0, 40.0, 50.0, 15.0, 6000.0, 12.0, 2.2, 4.0, 8192, 16384)


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

    @property
    def deepest(self) -> int:
        """Lists that one code may be in."""
        return self.bits if self.planes else 1

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


def _cost(costs: Costs, segment: Segment, share: np.ndarray, inputs: int, listed: float) -> float:
    entries = float((share * segment.entries()).sum())
    fixed = costs.segment + (costs.plane * segment.bits if segment.planes else costs.digit * segment.lists)
    added = costs.vector * segment.vectors + costs.run * -(-segment.vectors // segment.run)
    return entries * (inputs * costs.row + listed * costs.entry) + fixed + added


def choose(
    seen: np.ndarray | None, bound: int, inputs: int, listed: float, costs: Costs = ARMV7M
) -> tuple[tuple[Segment, ...], float]:
    """The cheapest segments, from the highest bits down, and what they cost.

    Args:
        seen: int [256], how often each code occurs; None for codes behind a ReLU as they usually are.
        bound: see :func:`lane_bound`; at most 32,767.
        inputs: rows of a window, if none were left out.
        listed: inputs that are listed for a window and 16 outputs.
        costs: of the core.
    """
    share = usual() if seen is None or not seen.any() else seen / seen.sum()
    best: dict[tuple[int, int], tuple[float, tuple[Segment, ...]]] = {(BITS, 0): (0.0, ())}
    for first in range(BITS - 1, -1, -1):
        for top in range(first + 1, BITS + 1):
            for segment in _segments(first, top - first, bound):
                spent = _cost(costs, segment, share, inputs, listed)
                for deep in range(MOST_LISTS_OF_A_CODE - segment.deepest + 1):
                    if (top, deep) not in best:
                        continue
                    cost, above = best[top, deep]
                    place = (first, deep + segment.deepest)
                    if cost + spent < best.get(place, (np.inf, ()))[0]:
                        best[place] = (cost + spent, (*above, segment))
    spent, segments = min((found for (first, _), found in best.items() if first == 0), key=lambda found: found[0])
    return segments, spent


def cost_of(segments: tuple[Segment, ...], seen: np.ndarray | None, inputs: int, listed: float, costs: Costs) -> float:
    """What segments cost; see :func:`choose`."""
    share = usual() if seen is None or not seen.any() else seen / seen.sum()
    return sum(_cost(costs, segment, share, inputs, listed) for segment in segments)


def cut_like(shape: tuple[tuple[bool, int], ...], bound: int) -> tuple[Segment, ...] | None:
    """Segments of that shape, (planes, bits) from the highest bits down; None where lanes are too narrow for them."""
    found, first = [], BITS
    for planes, bits in shape:
        first -= bits
        made = [segment for segment in _segments(first, bits, bound) if segment.planes == planes]
        if not made:
            return None
        found += made
    return tuple(found)


def _segments(first: int, bits: int, bound: int) -> list[Segment]:
    found = []
    if bound * ((1 << bits) - 1) <= INT16_MAX:
        found.append(Segment(True, bits, first, 1))
    if bits <= MOST_DIGIT_BITS:
        run = 1 << (INT16_MAX // bound).bit_length() - 1  # a power of two: layers with like bounds share code
        found.append(Segment(False, bits, first, min((1 << bits) - 1, run)))
    return found


def list_table(segments: tuple[Segment, ...]) -> np.ndarray:
    """By code, four times the numbers of its lists, from 1, a byte each from the lowest up: uint32 [256].

    Lists are numbered against the order in which they are walked: those of the lowest bits first, a digit by its value.
    """
    table = np.zeros(CODES, np.uint32)
    place = np.zeros(CODES, np.uint32)
    first = 1

    def put(inside: np.ndarray, number: np.ndarray) -> None:
        table[inside] |= 4 * number[inside].astype(np.uint32) << (8 * place[inside])
        place[inside] += 1

    for segment in segments[::-1]:
        digits = segment.digits()
        if segment.planes:
            for bit in range(segment.bits):
                put((digits >> bit & 1).astype(bool), np.full(CODES, first + bit))
        else:
            put(digits > 0, first - 1 + digits)
        first += segment.lists
    return table


def usual() -> np.ndarray:
    """Shares of codes where nothing is known: half of them 0, the rest rarer the larger."""
    share = np.exp(-np.arange(CODES) / 24.0)
    share[0] = 0.0
    share *= 0.5 / share.sum()
    share[0] = 0.5
    return share
