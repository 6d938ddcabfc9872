"""Converter rules of Attention: bounds of both products, and the cheaper order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.graph.attention import Attention
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes.interval import Interval, NodeBounds


def quantise(node: Attention, spec: TensorSpec) -> Attention:
    """Returns the node without its real scale, in the order whose rows are shorter.

    Every nonzero of Q and V adds one row: of N entries in order ``qk_v``, of the head width in ``q_kv``.
    """
    width = spec.channels // node.heads
    return replace(node, scale=1.0, order="q_kv" if width <= spec.positions else "qk_v")


def bound(node: Attention, inputs: list[Interval], spec: TensorSpec) -> NodeBounds:
    """Bounds of the products: Q in {0,1}, K in [0, clip], V in {-1,0,1}; ``spec`` is that of Q."""
    _, k, v = inputs
    tokens = spec.positions
    width = spec.channels // node.heads
    key = k.high.reshape(node.heads, width)
    negative, positive = np.minimum(v.low, 0), np.maximum(v.high, 0)
    # Per head: sum over its channels of the largest K, times all tokens.
    reach = np.repeat(key.sum(axis=1) * tokens, width)
    mixed = Interval(negative * reach, positive * reach)
    if node.order == "qk_v":
        first = Interval(np.zeros(node.heads, np.int64), key.sum(axis=1))
        return NodeBounds(mixed, {"scores": first, "mixed": mixed})
    peak = np.repeat(key.max(axis=1) * tokens, width)
    return NodeBounds(mixed, {"context": Interval(negative * peak, positive * peak), "mixed": mixed})
