"""Reference of :class:`edge_snn.graph.graded_add.GradedAdd`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.graded import CODES
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.reference.graded import clamp, requantise

LEFT_SHIFT = 20  # of both inputs, before their multipliers


def tables(node: GradedAdd) -> tuple[np.ndarray, np.ndarray]:
    """What each code of the two inputs adds, sign included: int64 [256] each."""
    codes = np.arange(CODES, dtype=np.int64)
    a = requantise((codes - node.zero_a) << LEFT_SHIFT, node.multiplier[0], node.shift[0])
    b = requantise((codes - node.zero_b) << LEFT_SHIFT, node.multiplier[1], node.shift[1])
    return a, -b if node.sign == "sub" else b


def finish(node: GradedAdd, total: np.ndarray) -> np.ndarray:
    """Codes uint8 of sums of the two tables' entries."""
    return clamp(node, node.zero + requantise(total, node.multiplier[2], node.shift[2]))


def run(node: GradedAdd, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes of two inputs of one shape, all uint8 [B, 1, H, W, C]."""
    a, b = inputs
    of_a, of_b = tables(node)
    return finish(node, of_a[a] + of_b[b])
