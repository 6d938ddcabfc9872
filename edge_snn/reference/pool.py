"""Reference of :class:`edge_snn.graph.pool.MaxPool2D`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.pool import MaxPool2D
from edge_snn.reference.context import windows


def run(node: MaxPool2D, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the largest value of each window, [B, T, H', W', C]; outside positions do not count."""
    (x,) = inputs
    top, left, bottom, right = node.padding
    flat = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    lowest = np.finfo(x.dtype).min if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = np.pad(flat, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=lowest)
    pooled = windows(padded, node.size, node.stride).max(axis=(3, 4))
    return pooled.reshape(*x.shape[:2], *pooled.shape[1:])
