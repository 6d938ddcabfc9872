"""Intervals per channel, the currency of the bounds pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.facts import INT32_MAX, Bounds


@dataclass(frozen=True)
class Interval:
    """Proved bounds per channel: int64 [channels] each, ``low <= value <= high`` at every position and step."""

    low: np.ndarray
    high: np.ndarray

    def bounds(self, where: str) -> Bounds:
        """The interval over all channels; InputError naming ``where`` if int32 cannot hold it."""
        low, high = int(self.low.min()), int(self.high.max())
        if low < -INT32_MAX - 1 or high > INT32_MAX:
            raise InputError(
                f"may overflow 32 bits: proved range {low} to {high}",
                where=where,
                hint="narrow the layer, use fewer time steps, or fewer weight bits",
            )
        return Bounds(low, high)

    def hull(self, other: Interval) -> Interval:
        """Smallest interval that holds both."""
        return Interval(np.minimum(self.low, other.low), np.maximum(self.high, other.high))


@dataclass(frozen=True)
class NodeBounds:
    """What a node's family proves: its edge, and the quantities inside it by short name."""

    edge: Interval
    inside: dict[str, Interval]


def constant(low: int, high: int, channels: int) -> Interval:
    """The same interval in every channel."""
    return Interval(np.full(channels, low, np.int64), np.full(channels, high, np.int64))


def weighted_sum(weight: np.ndarray, low: np.ndarray, high: np.ndarray) -> Interval:
    """Bounds of every partial sum of ``sum_k x_k w[k,c]`` with x_k in [low_k, high_k] or absent (0).

    Args:
        weight: [K, channels] integers.
        low, high: [K] bounds of the inputs.
    """
    wide = weight.astype(np.int64)
    at_low, at_high = wide * low[:, None], wide * high[:, None]
    return Interval(
        np.minimum(np.minimum(at_low, at_high), 0).sum(axis=0),
        np.maximum(np.maximum(at_low, at_high), 0).sum(axis=0),
    )


def with_bias(total: Interval, bias: np.ndarray) -> NodeBounds:
    """Bounds of ``total + bias`` and of every partial sum, whenever the bias is added."""
    wide = bias.astype(np.int64)
    edge = Interval(total.low + wide, total.high + wide)
    running = Interval(total.low + np.minimum(wide, 0), total.high + np.maximum(wide, 0))
    return NodeBounds(edge, {"sum": running})
