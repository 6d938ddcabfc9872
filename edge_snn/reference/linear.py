"""Reference of :class:`edge_snn.graph.linear.Linear`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.linear import Linear
from edge_snn.reference.context import largest_sum, matmul, number_type


def run(node: Linear, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the currents [B, T, H, W, cout] of spikes [B, T, H, W, cin]."""
    (x,) = inputs
    product = matmul(x.astype(np.float32), node.weight, domain, largest_sum(node.weight, 1))
    product += node.bias.astype(number_type(domain))
    return product


def sops(node: Linear, inputs: list[np.ndarray]) -> np.ndarray:
    """Synaptic operations per image, int64 [B]: every spike adds one row of ``cout`` weights."""
    (x,) = inputs
    return np.abs(x).sum(axis=(1, 2, 3, 4), dtype=np.int64) * node.weight.shape[1]
