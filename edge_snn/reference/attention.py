"""Reference of :class:`edge_snn.graph.attention.Attention`."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.attention import Attention
from edge_snn.graph.node import FLOAT
from edge_snn.reference.context import matmul


def split_heads(x: np.ndarray, heads: int) -> np.ndarray:
    """[B, T, H, W, C] -> [B, T, heads, N, C/heads]."""
    batch, steps, height, width, channels = x.shape
    return x.reshape(batch, steps, height * width, heads, channels // heads).transpose(0, 1, 3, 2, 4)


def run(node: Attention, inputs: list[np.ndarray], domain: str) -> np.ndarray:
    """Returns the currents [B, T, H, W, C] of Q, K, V of that shape, in the node's order."""
    q, k, v = (split_heads(x, node.heads) for x in inputs)
    tokens, width = q.shape[-2:]
    key_peak = int(k.max(initial=0)) if domain != FLOAT else 0
    if node.order == "qk_v":
        scores = matmul(q, k.swapaxes(-1, -2), domain, width * key_peak)
        mixed = matmul(scores, v, domain, tokens * width * key_peak)
    else:
        context = matmul(k.swapaxes(-1, -2), v, domain, tokens * key_peak)
        mixed = matmul(q, context, domain, width * tokens * key_peak)
    if node.scale != 1.0:
        mixed = mixed * np.float32(node.scale)
    return np.ascontiguousarray(mixed.transpose(0, 1, 3, 2, 4)).reshape(inputs[0].shape)


def sops(node: Attention, inputs: list[np.ndarray]) -> np.ndarray:
    """Accumulates per image, int64 [B]: each nonzero of Q and of V adds one row of the other factor.

    A row has N entries in order ``qk_v`` and the head width d in order ``q_kv``.
    """
    q, _, v = inputs
    tokens = q.shape[2] * q.shape[3]
    row = tokens if node.order == "qk_v" else q.shape[4] // node.heads
    axes = (1, 2, 3, 4)
    return (q.sum(axis=axes, dtype=np.int64) + np.abs(v).sum(axis=axes, dtype=np.int64)) * row
