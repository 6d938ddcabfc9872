"""Bounds of Codes."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.codes import Codes
from edge_snn.graph.graded import SIGN
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.interval import Interval, NodeBounds


def bound(node: Codes, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Those of the channels, at every position."""
    (x,) = inputs
    return NodeBounds(Interval(*(np.tile(end - SIGN, source.positions) for end in (x.low, x.high))), {})
