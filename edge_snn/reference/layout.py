"""Reference of :mod:`edge_snn.graph.layout`: codes move, none changes."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.layout import Concat, Pad, Reshape, Slice


def run_concat(node: Concat, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the inputs, uint8 [B, 1, H, W, C], one behind the other."""
    return np.concatenate(inputs, axis=node.axis + 2)


def run_pad(node: Pad, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the input, uint8 [B, 1, H, W, C], with the node's code around it."""
    (x,) = inputs
    around = [(0, 0), (0, 0), *zip(node.before, node.after)]
    return np.pad(x, around, constant_values=node.value)


def run_slice(node: Slice, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the part of the input, uint8 [B, 1, H, W, C], that the node takes."""
    (x,) = inputs
    rows, columns, channels = (
        slice(begin, begin + size * step, step) for begin, size, step in zip(node.begin, node.size, node.step)
    )
    return x[:, :, rows, columns, channels]


def run_reshape(node: Reshape, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the input's codes, uint8, in the node's shape."""
    (x,) = inputs
    return x.reshape(len(x), 1, *node.shape)
