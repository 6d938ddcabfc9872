"""Requantisation by shifts and additions: for each channel the terms that give the exact code of every sum.

A sum x becomes ``clamp((h(x) + offset) >> shift, low, high)`` where h is a Horner scheme over signed digits of the
multiplier: ``y = s * x``, then ``y = s * x + (y >> a)`` a few times, all shifts rounding down. TFLite rounds half away
from zero, so where codes are told apart on both sides of 0, sums below 0 have ``bend`` taken off. Digits are added
until one offset (and bend) fits every sum that can occur. Both sides never fall as x grows (of h that is proved from
its digits), so they agree everywhere if they agree on both sides of each of the at most 255 places where codes change.
Source: docs/numerics.md, "Graded edges".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge_snn.graph.graded import CODES, RequantisedNode
from edge_snn.reference.graded import requantise

MOST_DIGITS = 16
MOST_LIFT = 12
WORD = 1 << 31
FEW = 64  # sums on which most schemes fail


@dataclass(frozen=True)
class Requantiser:
    """One channel's code of a sum.

    Attributes:
        lift: the sum is shifted left by so much first.
        terms: (shift of what there is so far, sign of the sum that is added), from the first on; the first has shift 0.
        offset, shift, bend: see the module; a bend is 0 or a power of two.
        low, high: codes that it clamps to.
        constant: the code of every sum, where there is but one; then the rest does not matter.
        steps: sums from which on the code is low + 1, low + 2, ..; then the rest does not matter: a channel of which no
            digits were found (dead ones, whose bias is huge beside what their inputs add).
    """

    lift: int
    terms: tuple[tuple[int, int], ...]
    offset: int
    shift: int
    low: int
    high: int
    bend: int = 0
    constant: int | None = None
    steps: tuple[int, ...] = ()

    @property
    def cost(self) -> int:
        """Instructions on a core that adds with a shift."""
        if self.steps:
            return min(3 * len(self.steps), 8 * 5)
        bend = min(self.bend, 2)
        return 0 if self.constant is not None else len(self.terms) + (self.lift > 0) + bend + 1

    def run(self, x: np.ndarray) -> np.ndarray:
        """Codes of sums, int64."""
        if self.constant is not None:
            return np.full(x.shape, self.constant, np.int64)
        if self.steps:
            return self.low + np.searchsorted(self.steps, x, side="right")
        bent = horner(x << self.lift, self.terms) + self.offset - np.where(x < 0, self.bend, 0)
        return np.clip(bent >> self.shift, self.low, self.high)


def horner(x: np.ndarray, terms: tuple[tuple[int, int], ...]) -> np.ndarray:
    """h(x), int64."""
    y = np.zeros_like(x)
    for shift, sign in terms:
        y = (y >> shift) + x if sign > 0 else (y >> shift) - x
    return y


def _rises(terms: tuple[tuple[int, int], ...]) -> bool:
    """Whether h never falls: bounds of its steps from x to x + 1, through every shift."""
    least = most = 0
    for shift, sign in terms:
        least, most = (least >> shift) + sign, -(-most >> shift) + sign
    return least >= 0


def _digits(multiplier: int) -> list[tuple[int, int]]:
    """(place, sign) of the non-adjacent form of a number above 0, from the top."""
    found = []
    place = 0
    while multiplier:
        if multiplier & 1:
            sign = 2 - (multiplier & 3)
            found.append((place, sign))
            multiplier -= sign
        multiplier >>= 1
        place += 1
    return found[::-1]


def _schemes(multiplier: int, exponent: int) -> Iterator[tuple[tuple[tuple[int, int], ...], int]]:
    """Terms and final shift for the multiplier ``multiplier * 2^exponent``, of more and more digits."""
    exact = _digits(multiplier)
    for count in range(1, MOST_DIGITS + 1):
        rounded = exact[:count]
        for nudge in (0, 1, -1):
            digits = (
                _digits(sum(sign << place for place, sign in rounded) + (nudge << rounded[-1][0])) if nudge else rounded
            )
            if not digits or (nudge and len(digits) > count):
                continue
            places = [place for place, _ in digits][::-1]
            signs = [sign for _, sign in digits][::-1]
            shifts = [0, *(after - before for before, after in zip(places, places[1:]))]
            yield tuple(zip(shifts, signs)), -(places[-1] + exponent)
        if count >= len(exact):
            return


def _between(least: np.ndarray, at: np.ndarray, most: np.ndarray, before: np.ndarray, below: bool) -> tuple[int, int]:
    """The offsets that sums below 0, or the others, leave."""
    floor, ceiling = least[(at < 0) == below], most[(before < 0) == below]
    return int(floor.max(initial=-WORD)), int(ceiling.min(initial=WORD))


def _fit(
    terms: tuple[tuple[int, int], ...], shift: int, lift: int, at: np.ndarray, codes: np.ndarray
) -> tuple[int, int] | None:
    """(offset, bend) with which codes change just where they should, or None."""
    total, before = shift + lift, at - 1
    if total < 1 or total > 30 or not _rises(terms):
        return None
    least = (codes << total) - horner(at << lift, terms)
    most = (codes << total) - 1 - horner(before << lift, terms)
    low, high = _between(least, at, most, before, False)
    low_below, high_below = _between(least, at, most, before, True)
    if low > high or low_below > high_below:
        return None
    for bend in (0, *(1 << place for place in range(total))):
        first, last = max(low, low_below + bend), min(high, high_below + bend)
        if first <= last:
            return simplest(first, last), bend
    return None


def simplest(first: int, last: int) -> int:
    """The number in first .. last with the most zero bits at its end: it costs no load."""
    if first <= 0 <= last:
        return 0
    if last < 0:
        return -simplest(-last, -first)
    for place in range(31, -1, -1):
        number = -(-first >> place) << place
        if number <= last:
            return number
    return first


def _may_fit(
    terms: tuple[tuple[int, int], ...], totals: np.ndarray, lifted: np.ndarray, few: np.ndarray, codes: np.ndarray
) -> np.ndarray:
    """Which lifts :func:`_fit` need be asked about: bool [lifts]; the others fail on a few of the sums already.

    Args:
        totals: final shift of each lift.
        lifted: int64 [lifts, 2, few], the sums at which codes change and those before them, shifted.
        few, codes: these sums, and the codes from them on.
    """
    y = horner(lifted, terms)
    wanted = codes << np.clip(totals, 0, 30)[:, None]
    least, most = wanted - y[:, 0], wanted - 1 - y[:, 1]
    first, second = np.searchsorted(few, (0, 1))  # sums at 0, and the sums before them at 0
    fits = least[:, first:].max(axis=1, initial=-WORD) <= most[:, second:].min(axis=1, initial=WORD)
    below = least[:, :first].max(axis=1, initial=-WORD) <= most[:, :second].min(axis=1, initial=WORD)
    return (totals >= 1) & (totals <= 30) & fits & below


def _search(
    multiplier: int, exponent: int, at: np.ndarray, codes: np.ndarray, span: tuple[int, int], clamp: tuple[int, int]
) -> Requantiser | None:
    """The cheapest scheme for one channel. ``at`` are the sums at which the code becomes ``codes``.

    Of equals the first counts: the one of fewer digits, then of the smaller lift.
    """
    best: Requantiser | None = None
    reach = max(abs(span[0]), abs(span[1]), 1)
    lifts = np.array([lift for lift in range(MOST_LIFT + 1) if 2 * (reach << lift) < WORD], np.int64)
    picked = np.unique(np.linspace(0, at.size - 1, FEW).astype(int))
    few = at[picked]
    lifted = np.stack([few, few - 1]) << lifts[:, None, None]
    for terms, shift in _schemes(multiplier, exponent):
        least = len(terms) + 1  # cost, with neither lift nor bend
        if (best is not None and least >= best.cost) or not _rises(terms):
            continue
        for lift in lifts[_may_fit(terms, shift + lifts, lifted, few, codes[picked])].tolist():
            if best is not None and least + (lift > 0) >= best.cost:
                continue
            fit = _fit(terms, shift, lift, at, codes)
            if fit is not None and 2 * (reach << lift) + abs(fit[0]) + fit[1] < WORD:
                made = Requantiser(lift, terms, fit[0], shift + lift, *clamp, bend=fit[1])
                best = made if best is None or made.cost < best.cost else best
    return best


def changes(node: RequantisedNode, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Smallest sum in low .. high + 1 whose code is at least 1, 2, .., 255: int64 [channels, 255]."""
    wanted = np.arange(1, CODES)[None, :]
    left = np.broadcast_to(low[:, None], (low.size, CODES - 1)).copy()
    right = np.broadcast_to(high[:, None] + 1, left.shape).copy()
    while (left < right).any():
        middle = (left + right) >> 1
        reached = codes_of(node, middle) >= wanted
        right = np.where(reached, middle, right)
        left = np.where(reached | (left >= right), left, middle + 1)
        left = np.minimum(left, right)
    return right


def codes_of(node: RequantisedNode, sums: np.ndarray) -> np.ndarray:
    """Codes of sums int64 [channels, n]: what the reference makes of them."""
    scaled = requantise(sums, node.multiplier[:, None], node.shift[:, None], node.rounding)
    return np.clip(scaled + node.zero, node.low, node.high)


@lru_cache(maxsize=64)
def _cached(node: _Keyed) -> tuple[Requantiser, ...]:
    return _plan(node.node, node.low, node.high)


@dataclass(frozen=True, eq=False)
class _Keyed:
    node: RequantisedNode
    low: np.ndarray
    high: np.ndarray
    key: tuple[bytes, ...]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key


def plan_requant(node: RequantisedNode, low: np.ndarray, high: np.ndarray) -> tuple[Requantiser, ...]:
    """One for each channel, exact for all sums in low .. high (int64 [channels])."""
    head = f"{node.zero} {node.low} {node.high} {node.rounding}".encode()
    arrays = (node.multiplier, node.shift, low, high)
    return _cached(_Keyed(node, low, high, (head, *(array.tobytes() for array in arrays))))


def _plan(node: RequantisedNode, low: np.ndarray, high: np.ndarray) -> tuple[Requantiser, ...]:
    first, last = codes_of(node, low[:, None])[:, 0], codes_of(node, high[:, None])[:, 0]
    places = changes(node, low, high)
    made = []
    for channel in range(low.size):
        clamp = (node.low, node.high)
        if first[channel] == last[channel]:
            made.append(Requantiser(0, (), 0, 0, *clamp, constant=int(first[channel])))
            continue
        codes = np.arange(first[channel] + 1, last[channel] + 1)
        span = (int(low[channel]), int(high[channel]))
        exponent = int(node.shift[channel]) - 31
        found = _search(int(node.multiplier[channel]), exponent, places[channel][codes - 1], codes, span, clamp)
        if found is None:
            steps = tuple(places[channel][codes - 1].tolist())
            found = Requantiser(0, (), 0, 0, int(first[channel]), int(last[channel]), steps=steps)
        made.append(found)
    return tuple(made)
