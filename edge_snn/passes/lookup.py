"""Bounds of Lookup."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.lookup import Lookup
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.interval import Interval, NodeBounds


def bound(node: Lookup, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """The least and the largest entry that each channel can reach."""
    (x,) = inputs
    reached = [node.table[low : high + 1] for low, high in zip(x.low, x.high)]
    low = np.array([part.min() for part in reached], np.int64)
    return NodeBounds(Interval(low, np.array([part.max() for part in reached], np.int64)), {})
