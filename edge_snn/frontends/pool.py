"""Recognises max pooling, and padding before it or before a convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends.conv import strides, window_padding
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Pixels, Value
from edge_snn.frontends.walk import NO_ACTIVATION, Walk
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.tensor import Kind

LOWEST = -1e30  # what pads membranes must lie below it, so that it never wins a window
MAX_PADDING = 16


def pad(walk: Walk, operator: Operator) -> Value:
    """PAD and PADV2 of height and width: remembered for the convolution or pool behind it."""
    pads = np.asarray(walk.numbers(operator, 1, 8)).reshape(4, 2)
    if np.any(pads[[0, 3]] != 0) or np.any(pads < 0) or np.any(pads > MAX_PADDING):
        raise walk.refusal(operator, f"pads other axes than height and width, or by more than {MAX_PADDING}")
    padding = (int(pads[1, 0]), int(pads[2, 0]), int(pads[1, 1]), int(pads[2, 1]))
    filler = float(walk.constant(operator, 2).reshape(-1)[0]) if len(operator.inputs) > 2 else 0.0
    value = walk.value(operator, 0)
    if isinstance(value, Pixels):
        if any(value.padding) or filler != 0.0:
            raise walk.refusal(operator, "pads the image twice, or with something other than 0")
        return replace(value, padding=padding)
    edge = walk.edge(operator, 0, scaled=True)
    walk.natural(operator, 0, edge, spatial=True)
    return replace(edge, padding=padding, padded_with=filler)


def max_pool(walk: Walk, operator: Operator) -> Value:
    """MAX_POOL_2D of spikes or membranes; positions that padding added must never win."""
    edge = walk.edge(operator, 0, padded=True)
    walk.natural(operator, 0, edge, spatial=True)
    spec = walk.specs[edge.name]
    size = (int(operator.options["size_y"]), int(operator.options["size_x"]))
    if operator.options["activation"] != NO_ACTIVATION:
        raise walk.refusal(operator, "has a fused activation")
    if any(edge.padding) and not edge.padded_with <= (0.0 if spec.kind is Kind.SPIKES else LOWEST):
        raise walk.refusal(
            operator,
            f"its padding of {edge.padded_with:g} can win a window",
            "pad membranes with the lowest number, or use padding='same'",
        )
    padding = window_padding(walk, operator, spec.shape[:2], size, edge.padding)
    return walk.emit(MaxPool2D(walk.name("pool"), (edge.name,), size, strides(walk, operator), padding), operator)
