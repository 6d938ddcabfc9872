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


def repeat(walk: Walk, operator: Operator, position: int = 0) -> Value:
    """CONCATENATION, PACK, TILE, BROADCAST_TO, MUL by ones: T copies of a static value, the image shown at every step.

    Whatever the spelling, they lie one behind the other in memory, along an axis with nothing but ones before it.
    """
    before, after = walk.shape(operator.inputs[position]), walk.shape(operator.outputs[0])
    steps = walk.timesteps
    if operator.kind in ("CONCATENATION", "PACK"):
        if operator.options.get("activation", NO_ACTIVATION) != NO_ACTIVATION:
            raise walk.refusal(operator, "has a fused activation")
        if len(set(operator.inputs)) != 1 or len(operator.inputs) != steps:
            raise walk.refusal(operator, "joins different values outside a neuron")
    value = walk.value(operator, position)
    if not _copies(operator, before, after, steps):
        raise walk.refusal(
            operator,
            f"repeats {list(before)} as {list(after)}, which are not {steps} copies in time",
            "the image is shown once a time step: tf.repeat, tf.tile, tf.stack or tf.concat along the first axis",
        )
    if isinstance(value, Pixels):
        return value
    edge = walk.edge(operator, position)
    if not walk.specs[edge.name].static:
        raise walk.refusal(operator, "repeats something that changes in time")
    return replace(edge, layout=normalise((Atom("t", 1, steps), *edge.layout)))


def _copies(operator: Operator, before: tuple[int, ...], after: tuple[int, ...], steps: int) -> bool:
    """Whether ``after`` holds ``steps`` copies of ``before``, one behind the other in memory."""
    first = next((axis for axis, dim in enumerate(after) if dim != 1), len(after))
    if steps == 1:
        return [dim for dim in after if dim != 1] == [dim for dim in before if dim != 1]
    if first == len(after) or after[first] != steps:
        return False
    if operator.kind == "PACK":
        axis = operator.options["axis"]
        return first == axis + (len(after) if axis < 0 else 0) and (*after[:first], *after[first + 1 :]) == before
    aligned = (*(1,) * (len(after) - len(before)), *before)
    return (*after[:first], 1, *after[first + 1 :]) == aligned


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
