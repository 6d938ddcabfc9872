"""Bounds that all layers of codes share."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.facts import INT32_MAX
from edge_snn.graph.graded import CODES, ClampedNode
from edge_snn.passes.interval import Interval
from edge_snn.reference.graded import clamp, requantise

ROOM = INT32_MAX - CODES  # what a sum may reach, so that a zero point can be added


def scaled(
    node: ClampedNode, total: Interval, multiplier: np.ndarray, shift: np.ndarray, rounding: str = "double"
) -> Interval:
    """Bounds of the codes of sums in ``total``: requantisation never falls as the sum grows.

    Raises:
        InputError: a sum, shifted to the left first, may leave 32 bits.
    """
    reach = np.maximum(np.abs(total.low), np.abs(total.high)) << np.maximum(shift, 0).astype(np.int64)
    if (reach > ROOM).any():
        worst = int(np.argmax(reach))
        raise InputError(
            f"may overflow 32 bits: sums of channel {worst} are {int(total.low[worst])} to {int(total.high[worst])}, "
            f"times 2^{int(max(np.broadcast_to(shift, reach.shape)[worst], 0))}",
            where=node.name,
            hint="its scales do not fit together: quantise the model again, with data like those it will see",
        )
    low, high = (
        clamp(node, node.zero + requantise(end, multiplier, shift, rounding)).astype(np.int64)
        for end in (total.low, total.high)
    )
    return Interval(low, high)


def sums(weight: np.ndarray, low: np.ndarray, high: np.ndarray, padded: bool) -> Interval:
    """Bounds of ``sum_k x_k w[k, c]`` with every x_k in [low_k, high_k]; or 0, where windows reach over the border.

    Args:
        weight: int8 [K, channels].
        low, high: int64 [K].
    """
    wide = weight.astype(np.int64)
    at_low, at_high = wide * low[:, None], wide * high[:, None]
    least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    if padded:
        least, most = np.minimum(least, 0), np.maximum(most, 0)
    return Interval(least.sum(axis=0), most.sum(axis=0))
