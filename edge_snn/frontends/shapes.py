"""Operators that move numbers without changing them: reshapes, transposes, copies in time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends.layout import Atom, group, normalise
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Edge, Pixels, Pooled, Product, Value
from edge_snn.frontends.walk import NO_ACTIVATION, Walk
from edge_snn.graph.tensor import Kind


def _arranged(walk: Walk, operator: Operator, position: int = 0) -> Edge | Product | Pooled:
    value = walk.value(operator, position)
    if isinstance(value, Edge):
        return walk.edge(operator, position, scaled=True)
    if not isinstance(value, (Product, Pooled)):
        raise walk.refusal(operator, "rearranges the image")
    return value


def reshape(walk: Walk, operator: Operator, position: int = 0) -> Value:
    """RESHAPE and its kin: the memory order stays."""
    before, after = walk.shape(operator.inputs[position]), walk.shape(operator.outputs[0])
    if before == after and isinstance(walk.value(operator, position), Pixels):
        return walk.value(operator, position)
    value = _arranged(walk, operator, position)
    if np.prod(before, dtype=np.int64) != np.prod(after, dtype=np.int64) or group(value.layout, after) is None:
        raise walk.refusal(operator, f"reshapes {list(before)} to {list(after)}, which mixes tokens, channels or time")
    return value


def transpose(walk: Walk, operator: Operator) -> Value:
    """TRANSPOSE: the memory order is permuted."""
    shape = walk.shape(operator.inputs[0])
    order = walk.numbers(operator, 1, len(shape))
    if sorted(order) != list(range(len(shape))):
        raise walk.refusal(operator, f"transposes by {list(order)}")
    if order == tuple(range(len(shape))):
        return walk.value(operator, 0)
    value = _arranged(walk, operator)
    groups = group(value.layout, shape)
    if groups is None:
        raise walk.refusal(operator, f"transposes {list(shape)} by {list(order)}, which mixes tokens, channels or time")
    return replace(value, layout=normalise([atom for axis in order for atom in groups[axis]]))


def repeat(walk: Walk, operator: Operator) -> Value:
    """CONCATENATION, TILE, BROADCAST_TO: T copies of a static value, the image shown at every step."""
    before, after = walk.shape(operator.inputs[0]), walk.shape(operator.outputs[0])
    steps = walk.timesteps
    if operator.kind == "CONCATENATION":
        if operator.options["activation"] != NO_ACTIVATION:
            raise walk.refusal(operator, "has a fused activation")
        if len(set(operator.inputs)) != 1 or len(operator.inputs) != steps:
            raise walk.refusal(operator, "joins different values outside a neuron")
    value = walk.value(operator, 0)
    if not before or not after or after != (steps, *before[1:]) or before[0] != 1:
        raise walk.refusal(operator, f"repeats {list(before)} as {list(after)}, which are no copies in time")
    if isinstance(value, Pixels):
        return value
    edge = walk.edge(operator, 0)
    if not walk.specs[edge.name].static:
        raise walk.refusal(operator, "repeats something that changes in time")
    return replace(edge, layout=normalise((Atom("t", 1, steps), *edge.layout)))


def cast(walk: Walk, operator: Operator) -> Value:
    """CAST of the image from uint8, or of spikes between number types."""
    value = walk.value(operator, 0)
    made = walk.file.tensors[operator.outputs[0]].dtype
    if isinstance(value, Pixels) and made == "float32":
        return value
    if isinstance(value, Edge) and walk.specs[value.name].kind in (Kind.SPIKES, Kind.TERNARY):
        return value
    if isinstance(value, (Edge, Pooled, Product)) and made == "float32":
        return value
    raise walk.refusal(operator, f"casts membranes to {made}")
