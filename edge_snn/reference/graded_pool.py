"""Reference of :class:`edge_snn.graph.graded_pool.GradedPool` and :class:`edge_snn.graph.graded_pool.Mean`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded import SIGN
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.reference.context import windows
from edge_snn.reference.graded import clamp, requantise


def run(node: GradedPool, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes [B, 1, H', W', C] of codes [B, 1, H, W, C], both uint8."""
    (x,) = inputs
    top, left, bottom, right = node.padding
    around = ((0, 0), (top, bottom), (left, right), (0, 0))
    if node.pool == "max":
        pooled = windows(np.pad(x[:, 0], around), node.size, node.stride).max(axis=(3, 4))
        return clamp(node, pooled)[:, None]
    signed = windows(np.pad(x[:, 0].astype(np.int32) - SIGN, around), node.size, node.stride)
    inside = np.ones((1, *x.shape[2:4], 1), np.int32)
    n = windows(np.pad(inside, around), node.size, node.stride).sum(axis=(3, 4))
    return clamp(node, average(signed.sum(axis=(3, 4)), n) + SIGN)[:, None]


def average(total: np.ndarray, n: np.ndarray | int) -> np.ndarray:
    """``total / n`` rounded to the nearest, halves away from zero, as C divides: towards zero."""
    size = (np.abs(total) + n // 2) // n
    return np.where(total > 0, size, -size)


def run_mean(node: Mean, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes uint8 of the means over ``node.axes``, which remain as axes of one element."""
    (x,) = inputs
    axes = tuple(axis + 2 for axis in node.axes)
    total = (x.astype(np.int64) - node.input_zero).sum(axis=axes, keepdims=True)
    return clamp(node, node.zero + requantise(total, node.multiplier, node.shift))
