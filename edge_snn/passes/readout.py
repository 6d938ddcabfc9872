"""Converter rules of Readout: one scale for all classes, and bounds over all positions and steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.graph.readout import Readout
from edge_snn.passes.interval import Interval, NodeBounds, weighted_sum, with_bias
from edge_snn.passes.rounding import largest_magnitude, quantise_bias, quantise_weight


def quantise(node: Readout, events: int, bits: int) -> tuple[Readout, float]:
    """Returns the node in integers and the real value of 1 LSB of a logit.

    Args:
        events: positions times time steps: the integer readout sums where the float one averages.
    """
    scale = max(largest_magnitude(node.weight) / (2 ** (bits - 1) - 1), 1e-12)
    per_class = np.full(node.bias.shape, scale)
    weight = quantise_weight(node.weight, per_class, bits)
    bias = quantise_bias(node.bias.astype(np.float64) * events, per_class, node.name)
    return replace(node, weight=weight, bias=bias), scale / events


def retime(node: Readout, before: int, after: int) -> Readout:
    """The integer node for ``after`` time steps instead of ``before``: its bias counts once a step."""
    bias = quantise_bias(node.bias.astype(np.float64) * after, np.full(node.bias.shape, float(before)), node.name)
    return replace(node, bias=bias)


def bound(node: Readout, inputs: list[Interval], events: int) -> NodeBounds:
    """Bounds of the logits and of every partial sum over ``events`` positions and time steps."""
    (x,) = inputs
    return with_bias(weighted_sum(node.weight, x.low * events, x.high * events), node.bias)
