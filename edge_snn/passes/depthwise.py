"""Bounds of Depthwise."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.graded import sums
from edge_snn.passes.graded_conv import finish, reach
from edge_snn.passes.interval import Interval, NodeBounds


def bound(node: Depthwise, inputs: list[Interval], source: TensorSpec) -> NodeBounds:
    """Bounds of the sums of the taps of each output's own input channel."""
    kh, kw, cin, m = node.weight.shape
    x = reach(node, inputs[0])
    taps = node.weight.reshape(kh * kw, cin, m)
    parts = [
        sums(taps[:, k], np.full(kh * kw, x.low[k]), np.full(kh * kw, x.high[k]), any(node.padding)) for k in range(cin)
    ]
    low, high = (np.concatenate([getattr(part, end) for part in parts]) for end in ("low", "high"))
    return finish(node, Interval(low, high))
