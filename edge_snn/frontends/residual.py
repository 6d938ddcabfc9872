"""Recognises sums of two currents, and constants that scale or shift a value: these fold into its neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends import shapes
from edge_snn.frontends.linear import activated
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Constant, Edge, Pixels, Pooled, Product, Value
from edge_snn.frontends.walk import NO_ACTIVATION, Walk
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT
from edge_snn.graph.linear import Linear
from edge_snn.graph.node import Node
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import SPIKE_KINDS, Kind


def add(walk: Walk, operator: Operator) -> Value:
    """ADD of two edges; with a constant see :func:`affine`."""
    if any(isinstance(walk.value(operator, position), Constant) for position in (0, 1)):
        return affine(walk, operator)
    edges = [walk.edge(operator, position) for position in (0, 1)]
    for position, edge in enumerate(edges):
        walk.natural(operator, position, edge)
    shapes = [walk.shape(tensor) for tensor in operator.inputs]
    # One of them may be static, then the runtime broadcasts it over time; nothing else may be broadcast.
    if len(shapes[0]) != len(shapes[1]) or shapes[0][1:] != shapes[1][1:]:
        raise walk.refusal(operator, f"adds {list(shapes[0])} and {list(shapes[1])}")
    node = Add(walk.name("add"), (edges[0].name, edges[1].name))
    return activated(walk, operator, walk.emit(node, operator))


def affine(walk: Walk, operator: Operator) -> Value:
    """x * c, x / c, x + c, x - c: folds into pixels, a layer, an attention, or the head."""
    values = [walk.value(operator, position) for position in (0, 1)]
    position = 1 if isinstance(values[0], Constant) else 0
    value, number = values[position], values[1 - position]
    if not isinstance(number, Constant):
        verb = {"MUL": "multiplies", "DIV": "divides", "SUB": "subtracts"}.get(operator.kind, "combines")
        spikes = [isinstance(item, Edge) and walk.specs[item.name].kind in SPIKE_KINDS for item in values]
        hint = "attention is taken as matrix products of Q, K and V; the element-wise one (sdsa) does not convert"
        raise walk.refusal(operator, f"{verb} two computed values", hint if all(spikes) else "")
    if position == 1 and operator.kind in ("SUB", "DIV"):
        raise walk.refusal(operator, "subtracts from, or divides, a constant")
    if operator.options["activation"] != NO_ACTIVATION:
        raise walk.refusal(operator, "has a fused activation")
    data = number.data.astype(np.float64)
    if operator.kind == "DIV":
        data = 1.0 / data
    if operator.kind == "SUB":
        data = -data
    if number.data.dtype.kind != "f" or not np.isfinite(data).all():
        raise walk.refusal(operator, "its constant is not of finite numbers")
    multiply = operator.kind in ("MUL", "DIV")
    if walk.shape(operator.inputs[position]) != walk.shape(operator.outputs[0]):
        if operator.kind == "MUL" and np.all(data == 1.0):
            return shapes.repeat(walk, operator, position)  # what TensorFlow makes of broadcast_to
        raise walk.refusal(operator, "its constant makes the tensor larger")
    if isinstance(value, Pixels):
        return _pixels(walk, operator, value, data, multiply)
    if isinstance(value, Product) and multiply and data.size == 1:
        return replace(value, scale=value.scale * float(data.reshape(-1)[0]))
    if isinstance(value, Pooled):
        return _pooled(walk, operator, value, data, multiply)
    if isinstance(value, Edge):
        return _edge(walk, operator, position, data, multiply)
    raise _no_weights(walk, operator)


def _no_weights(walk: Walk, operator: Operator) -> Exception:
    return walk.refusal(operator, "scales or shifts something that has no weights to fold into")


def per_channel(data: np.ndarray, channels: int) -> np.ndarray | None:
    """A constant as one number a channel, [channels]; None when it varies over positions."""
    if data.size == 1:
        return np.full(channels, data.reshape(-1)[0])
    if data.size == channels and data.shape[-1] == channels:
        return data.reshape(channels)
    return None


def _pixels(walk: Walk, operator: Operator, pixels: Pixels, data: np.ndarray, multiply: bool) -> Pixels:
    channel = per_channel(data, walk.specs[INPUT].channels)
    if channel is None or (any(pixels.padding) and not multiply):
        raise walk.refusal(operator, "changes the image position by position")
    if multiply:
        return replace(pixels, scale=pixels.scale * channel, offset=pixels.offset * channel)
    return replace(pixels, offset=pixels.offset + channel)


def _pooled(walk: Walk, operator: Operator, pooled: Pooled, data: np.ndarray, multiply: bool) -> Pooled:
    if pooled.weight is None or pooled.bias is None:
        channel = per_channel(data, pooled.scale.size)
        if channel is None or not multiply:
            raise _no_weights(walk, operator)
        return replace(pooled, scale=pooled.scale * channel)
    channel = per_channel(data, pooled.bias.size)
    if channel is None:
        raise _no_weights(walk, operator)
    if multiply:
        return replace(pooled, weight=pooled.weight * channel, bias=pooled.bias * channel)
    return replace(pooled, bias=pooled.bias + channel)


def _edge(walk: Walk, operator: Operator, position: int, data: np.ndarray, multiply: bool) -> Edge:
    edge = walk.edge(operator, position, scaled=True)
    spec, node = walk.specs[edge.name], walk.nodes[edge.name]
    if data.size > 1:
        walk.natural(operator, position, edge)
    channel = per_channel(data, spec.channels)
    if channel is None:
        raise _no_weights(walk, operator)
    if spec.kind is not Kind.CURRENT:
        if not multiply:
            raise walk.refusal(operator, "shifts spikes")
        return replace(edge, scale=channel if edge.scale is None else edge.scale * channel)
    folded: Node | None = None
    if walk.private(edge):
        if isinstance(node, (Conv2D, Linear)):
            folded = _into_layer(node, channel, multiply)
        elif isinstance(node, Attention) and multiply and data.size == 1:
            folded = replace(node, scale=node.scale * float(channel[0]))
    if folded is None:
        raise _no_weights(walk, operator)
    walk.nodes[edge.name] = folded
    walk.held[edge.name] = replace(walk.held[edge.name], tensor=operator.outputs[0], layout=edge.layout)
    return edge


def _into_layer(node: Conv2D | Linear, channel: np.ndarray, multiply: bool) -> Node:
    bias = node.bias.astype(np.float64)
    if not multiply:
        return replace(node, bias=(bias + channel).astype(np.float32))
    weight = (node.weight * channel).astype(np.float32)
    return replace(node, weight=weight, bias=(bias * channel).astype(np.float32))
