"""Reference of :class:`edge_snn.graph.depthwise.Depthwise`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.depthwise import Depthwise
from edge_snn.reference.graded import finish
from edge_snn.reference.graded_conv import taps


def run(node: Depthwise, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the codes [B, 1, H', W', cin * m] of codes [B, 1, H, W, cin], both uint8."""
    (x,) = inputs
    kh, kw, cin, m = node.weight.shape
    patches = taps(node, x, np.int32)
    height, width = patches.shape[1:3]
    sums = np.zeros((len(x), height, width, cin, m), np.int32)
    for a in range(kh):
        for b in range(kw):
            sums += patches[:, :, :, a, b, :, None] * node.weight[a, b].astype(np.int32)
    return finish(node, sums.reshape(len(x), 1, height, width, cin * m))
