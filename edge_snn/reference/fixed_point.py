"""gemmlowp's fixed point (``fixedpoint/fixedpoint.h``), which TFLite's SOFTMAX, LOGISTIC and TANH of int8 call.

A number Qm.n is an int32 that stands for itself over 2^n; m + n is 31. Here they are arrays int64 of such numbers.
"""

from __future__ import annotations

import numpy as np

from edge_snn.reference.graded import high_product, rounding_shift

ONE = (1 << 31) - 1  # of Q0.31, which does not reach 1
_EXP_EIGHTH = 1895147668  # exp(-1/8), Q0.31
_THIRD = 715827883  # 1/3, Q0.31
# exp(-1/4), exp(-1/2), exp(-1) .. exp(-16), Q0.31
_EXP_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_48_17, _32_17 = 1515870810, 1010580540  # 48/17 and 32/17, Q2.29: where Newton's division starts


def _exp_quarter(a: np.ndarray) -> np.ndarray:
    """exp(a) of Q0.31 in [-1/4, 0): its series around -1/8."""
    x = a + (1 << 28)
    x2 = high_product(x, x)
    x3 = high_product(x2, x)
    x4 = high_product(x2, x2)
    tail = rounding_shift(high_product(rounding_shift(x4, 2) + x3, _THIRD) + x2, 1)
    return _EXP_EIGHTH + high_product(x + tail, _EXP_EIGHTH)


def exp(a: np.ndarray, whole: int) -> np.ndarray:
    """exp(a) as Q0.31, a <= 0 with ``whole`` bits above the point, 4 or 5: a quarter, then its powers."""
    quarter = 1 << (29 - whole)
    rest = (a & (quarter - 1)) - quarter
    result = _exp_quarter(rest << whole)
    quarters = rest - a
    for power, factor in enumerate(_EXP_POWERS[: whole + 2]):
        result = np.where(quarters & (quarter << power), high_product(result, factor), result)
    return np.where(a == 0, ONE, result)


def _two_over(denominator: np.ndarray) -> np.ndarray:
    """1 / half of 1 + a as Q2.29, of that half as Q0.31: three steps of Newton's division."""
    x = _48_17 + high_product(denominator, -_32_17)
    for _ in range(3):
        rest = (1 << 29) - high_product(denominator, x)
        x = x + (high_product(x, rest) << 2)
    return x


def one_over_one_plus(a: np.ndarray) -> np.ndarray:
    """1 / (1 + a), Q0.31 of Q0.31, a in [0, 1)."""
    return np.minimum(_two_over((a + ONE + 1) >> 1) << 1, ONE)


def one_minus_over_one_plus(a: np.ndarray) -> np.ndarray:
    """(1 - a) / (1 + a), Q0.31 of Q0.31, a in [0, 1)."""
    return np.minimum((_two_over((a + ONE + 1) >> 1) - (1 << 29)) << 2, ONE)


def logistic(a: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-a)), Q0.31 of Q4.27."""
    above = one_over_one_plus(exp(-np.abs(a), 4))
    return np.where(a == 0, 1 << 30, np.where(a > 0, above, ONE - above))


def tanh(a: np.ndarray) -> np.ndarray:
    """tanh(a), Q0.31 of Q4.27."""
    above = one_minus_over_one_plus(exp(-np.abs(a), 5))  # of 2 a, which has the same digits with one bit more
    return np.where(a == 0, 0, np.where(a > 0, above, -above))
