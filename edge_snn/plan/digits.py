"""Products with constant weights as few shifted additions: signed digits, of the code and of one multiple of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

FACTORS = (3, 5, 7, 9, 15, 17, 31, 33, 63, 65, 127)  # one addition away from the code: 2^k + 1 or 2^k - 1
MOST_DIGITS = 4  # of a weight of 8 bits
_TOP = 8  # highest place
_REACH = 1 << 9  # sums of digits on the way to a weight


@dataclass(frozen=True, order=True)
class Term:
    """``sign * (code << place)``, or of the multiple of the code.

    Attributes:
        multiple: whether it is of that.
    """

    multiple: bool
    place: int
    sign: int


@dataclass(frozen=True)
class Products:
    """The products of one code with several weights.

    Attributes:
        factor: of the multiple; 1: there is none.
        terms: of each weight.
    """

    factor: int
    terms: tuple[tuple[Term, ...], ...]

    @property
    def additions(self) -> int:
        return (self.factor > 1) + sum(map(len, self.terms))


@cache
def _shortest(factor: int) -> dict[int, tuple[Term, ...]]:
    """The fewest terms of each number that :data:`MOST_DIGITS` of them make."""
    steps: dict[int, Term] = {}
    for multiple, unit in ((False, 1), (True, factor))[: 1 + (factor > 1)]:
        for place in range(_TOP + 1):
            if unit << place <= 1 << _TOP:
                for sign in (1, -1):
                    steps.setdefault(sign * (unit << place), Term(multiple, place, sign))
    found: dict[int, tuple[Term, ...]] = {0: ()}
    last = dict(found)
    for _ in range(MOST_DIGITS):
        reached: dict[int, tuple[Term, ...]] = {}
        for value, terms in last.items():
            for step, term in steps.items():
                if abs(value + step) < _REACH and value + step not in found:
                    reached.setdefault(value + step, (*terms, term))
        found |= reached
        last = reached
    return found


def products(weights: Sequence[int]) -> Products:
    """Of a code with int8 weights, in the fewest additions."""
    best = None
    for factor in (1, *FACTORS):
        table = _shortest(factor)
        made = Products(factor, tuple(table[weight] for weight in weights))
        if best is None or made.additions < best.additions:
            best = made
    assert best is not None
    return best
