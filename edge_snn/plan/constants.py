"""Layers with few inputs as code: each weight is a few shifted multiples of its input (esnn_graded_conv.h)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge_snn.plan.segments import ARMV7M, Costs

ODD = (1, 3, 5, 7)  # multiples of an input that are made once for all outputs
PLACES = 8
GROUP = 8  # outputs that are summed at a time: accumulators in registers
TERM_BYTES = 3.8

GATHERED = 3.0  # for an input whose window is copied
SPARSE = 0.1  # share of zeros from which they are looked for


@lru_cache(maxsize=1)
def _all() -> dict[int, tuple[tuple[int, int, int], ...]]:
    """Fewest terms (sign, odd, shift) of each weight -128 .. 127."""
    single = {sign * odd << shift: (sign, odd, shift) for odd in ODD for shift in range(PLACES) for sign in (1, -1)}
    single = {value: term for value, term in single.items() if -256 <= value <= 256}
    found: dict[int, tuple[tuple[int, int, int], ...]] = {0: ()}
    for _ in range(3):
        for value, terms in list(found.items()):
            for step, term in single.items():
                made = value + step
                if -256 <= made <= 256 and (made not in found or len(found[made]) > len(terms) + 1):
                    found[made] = (*terms, term)
    return {value: terms for value, terms in found.items() if -128 <= value <= 127}


def terms_of(weight: int) -> tuple[tuple[int, int, int], ...]:
    """(sign, odd, shift): the weight is the sum of ``sign * odd << shift``."""
    return _all()[int(weight)]


def cost(weight: np.ndarray, zeros: float, costs: Costs = ARMV7M) -> tuple[float, float]:
    """(instructions a window, bytes of code), requantisation left out.

    Args:
        weight: int8 [.., cout].
        zeros: share of inputs that are 0.
        costs: of the core.
    """
    flat = weight.reshape(-1, weight.shape[-1])
    terms = float(np.vectorize(lambda value: len(terms_of(value)))(flat).sum())
    inputs, groups = flat.shape[0], -(-flat.shape[1] // GROUP)
    seen = (1 - zeros) * (costs.term * terms + costs.input * inputs * groups) + zeros * costs.skipped * inputs * groups
    gathered = 0.0 if weight.shape[:2] == (1, 1) else GATHERED * inputs
    return seen + gathered, TERM_BYTES * (terms + ARMV7M.input * inputs * groups)
