"""Recognises the readout: mean over tokens and time and a linear head, in any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends.layout import Atom, group, normalise
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Edge, Pooled, Value
from edge_snn.frontends.walk import NO_ACTIVATION, Held, Walk
from edge_snn.graph.linear import Linear
from edge_snn.graph.readout import Readout
from edge_snn.graph.tensor import Kind


def _pooled(walk: Walk, operator: Operator | None, value: Value | None) -> Pooled:
    """Spikes, or a private linear layer on spikes, as a readout nothing is averaged in yet."""
    if isinstance(value, Pooled):
        return value
    if isinstance(value, Edge) and not any(value.padding):
        spec = walk.specs[value.name]
        if spec.kind in (Kind.SPIKES, Kind.TERNARY):
            scale = np.ones(spec.channels) if value.scale is None else value.scale
            return Pooled(value.name, value.layout, scale)
        node = walk.nodes[value.name]
        if isinstance(node, Linear) and walk.private(value, output=True):
            walk.drop(value)
            layout = tuple(replace(atom, axis="k") if atom.axis == "c" else atom for atom in value.layout)
            weight, bias = node.weight.astype(np.float64), node.bias.astype(np.float64)
            return Pooled(node.inputs[0], layout, np.ones(weight.shape[0]), weight, bias)
    raise walk.refusal(operator, "averages, or returns, something else than spikes or a linear layer on spikes")


def mean(walk: Walk, operator: Operator) -> Value:
    """MEAN and SUM over tokens or time."""
    shape = walk.shape(operator.inputs[0])
    axes = walk.numbers(operator, 1)
    if not all(-len(shape) <= axis < len(shape) for axis in axes):
        raise walk.refusal(operator, f"reduces axes {list(axes)} of {list(shape)}")
    return _reduce(walk, operator, {axis % len(shape) for axis in axes}, operator.kind == "SUM")


def average_pool(walk: Walk, operator: Operator) -> Value:
    """AVERAGE_POOL_2D over the whole image."""
    shape = walk.shape(operator.inputs[0])
    size = (operator.options["size_y"], operator.options["size_x"])
    if len(shape) != 4 or size != shape[1:3] or operator.options["padding"] != 1:
        raise walk.refusal(operator, "averages over less than the whole image")
    if operator.options["activation"] != NO_ACTIVATION:
        raise walk.refusal(operator, "has a fused activation")
    return _reduce(walk, operator, {1, 2}, total=False)


def _reduce(walk: Walk, operator: Operator, axes: set[int], total: bool) -> Pooled:
    pooled = _pooled(walk, operator, walk.value(operator, 0))
    shape = walk.shape(operator.inputs[0])
    groups = group(pooled.layout, shape)
    if groups is None or any(atom.axis in "ck" for axis in axes for atom in groups[axis]):
        raise walk.refusal(operator, "averages over channels, or over a mixture of axes")
    layout = normalise([atom for axis, atoms in enumerate(groups) if axis not in axes for atom in atoms])
    size = float(np.prod([shape[axis] for axis in axes])) if total else 1.0
    if pooled.weight is None or pooled.bias is None:
        return replace(pooled, layout=layout, scale=pooled.scale * size)
    return replace(pooled, layout=layout, weight=pooled.weight * size, bias=pooled.bias * size)


def head(walk: Walk, operator: Operator, pooled: Pooled, weight: np.ndarray, bias: np.ndarray) -> Pooled:
    """The linear head on pooled spikes."""
    if pooled.weight is not None or operator.options.get("activation", NO_ACTIVATION) != NO_ACTIVATION:
        raise walk.refusal(operator, "a second layer behind the pooled spikes has no neuron before it")
    channels = pooled.scale.size
    shape = walk.shape(operator.inputs[0])
    tail = normalise([Atom("c", 1, channels)])  # nothing, where there is one channel
    if (tail and pooled.layout[-1:] != tail) or shape[-1] != channels:
        walk.not_flat(operator, shape, walk.specs[pooled.name])
        raise walk.refusal(operator, "takes channels or tokens in another order than its input has")
    if weight.shape[0] != channels:
        raise walk.refusal(operator, f"takes {weight.shape[0]} numbers, its input has {channels} channels")
    layout = normalise((*pooled.layout[: len(pooled.layout) - len(tail)], Atom("k", 1, weight.shape[1])))
    return replace(pooled, layout=layout, weight=weight * pooled.scale[:, None], bias=bias)


def finish(walk: Walk) -> None:
    """Adds the readout, from what the file's output stands for."""
    value = walk.values.get(walk.file.output)
    last = walk.file.operators[-1] if walk.file.operators else None
    if value is None:
        raise walk.refusal(last, "the file's output is not made by a linear head on spikes")
    pooled = _pooled(walk, last, value)
    if pooled.weight is None or pooled.bias is None:
        raise walk.refusal(last, "the file's output is not made by a linear head on spikes")
    if any(atom.axis != "k" for atom in pooled.layout):
        raise walk.refusal(last, "the output is not averaged over all tokens and time steps")
    if pooled.bias.size == 1:
        raise walk.refusal(
            last,
            "has one output: the class is the largest of several, so it would always be the same one",
            "give the head two outputs, 0 and the one it has: the decision is at 0 as before",
        )
    weight, bias = pooled.weight.astype(np.float32), pooled.bias.astype(np.float32)
    walk.nodes["head"] = Readout("head", (pooled.name,), weight, bias)
    walk.held["head"] = Held(walk.file.output, pooled.layout)
