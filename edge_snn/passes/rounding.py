"""How real numbers become integers: one rule each, used by every family."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.facts import INT32_MAX

# Thresholds and biases stay below this, so that a sum of a few still fits 32 bits.
LARGEST = 1 << 29


def largest_magnitude(values: np.ndarray) -> float:
    """max |x| as a float64."""
    return float(np.abs(values.astype(np.float64)).max())


def quantise_weight(weight: np.ndarray, scale: np.ndarray, bits: int) -> np.ndarray:
    """``round(W / D)``, ties to even, within ``bits`` signed bits without the lowest code; int8.

    Args:
        weight: [..., channels] float.
        scale: [channels] float64, the real value of 1 LSB.
    """
    limit = 2 ** (bits - 1) - 1
    return np.clip(np.rint(weight.astype(np.float64) / scale), -limit, limit).astype(np.int8)


def quantise_bias(bias: np.ndarray, scale: np.ndarray, where: str) -> np.ndarray:
    """``round(b / D)``, ties to even; int32 [channels].

    Raises:
        InputError: it does not fit.
    """
    exact = np.rint(bias.astype(np.float64) / scale)
    if np.abs(exact).max() > LARGEST:
        raise InputError(f"a bias of {exact[np.abs(exact).argmax()]:.0f} LSB does not fit", where=where)
    return exact.astype(np.int32)


def quantise_threshold(threshold: np.ndarray, scale: np.ndarray, where: str) -> np.ndarray:
    """``ceil(Vth / D)``, at least 1; int32 [channels]: ``U >= Vth`` in reals is ``u >= theta`` in integers.

    Raises:
        InputError: it does not fit.
    """
    exact = np.maximum(np.ceil(threshold.astype(np.float64) / scale), 1)
    if exact.max() > min(LARGEST, INT32_MAX):
        raise InputError(f"a threshold of {exact.max():.0f} LSB does not fit", where=where)
    return exact.astype(np.int32)
