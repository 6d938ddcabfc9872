"""Reference of :class:`edge_snn.graph.readout.Readout`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.node import FLOAT
from edge_snn.graph.readout import Readout
from edge_snn.reference.context import largest_sum, matmul, number_type


def run(node: Readout, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the logits [B, 1, 1, 1, classes] of spikes [B, T, H, W, C]."""
    (x,) = inputs
    counts = x.sum(axis=(1, 2, 3), dtype=np.int64)
    events = x.shape[1] * x.shape[2] * x.shape[3]
    if domain == FLOAT:
        logits = matmul(counts / np.float32(events), node.weight, domain, 0)
    else:
        logits = matmul(counts, node.weight, domain, largest_sum(node.weight, events))
    logits = logits + node.bias.astype(number_type(domain))
    return logits[:, None, None, None, :]


def sops(node: Readout, inputs: list[np.ndarray]) -> np.ndarray:
    """Synaptic operations per image, int64 [B]: every spike adds one row of ``classes`` weights."""
    (x,) = inputs
    return np.abs(x).sum(axis=(1, 2, 3, 4), dtype=np.int64) * node.weight.shape[1]
