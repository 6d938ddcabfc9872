"""ADD and SUB of int8."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.int8.scales import Broken, Scale, below_one, clamp, multipliers
from edge_snn.frontends.int8.walk import Edge, Walk
from edge_snn.frontends.tflite_file import Operator
from edge_snn.graph.graded import SIGN
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.lookup import Lookup
from edge_snn.reference.graded_add import LEFT_SHIFT, finish, tables


def factors(kind: str, a: Scale, b: Scale, target: Scale) -> list[float]:
    """The three factors, below 1: ADD computes them in double, SUB in float32."""
    if kind == "ADD":
        twice = 2.0 * max(a.wide, b.wide)
        reals = [a.wide / twice, b.wide / twice, twice / ((1 << LEFT_SHIFT) * target.wide)]
    else:
        half = np.float32(2) * max(a.scale, b.scale)
        out = half / (np.float32(1 << LEFT_SHIFT) * target.scale)
        reals = [float(a.scale / half), float(b.scale / half), float(out)]
    return [below_one(real) for real in reals]


def add(walk: Walk, operator: Operator) -> Edge:
    """ADD and SUB of two tensors of one shape; of a tensor and one constant they are a table."""
    first, second, made = walk.tensor(operator, 0), walk.tensor(operator, 1), walk.made(operator)
    a, b, target = walk.scale(first), walk.scale(second), walk.scale(made)
    low, high = clamp(target, operator.options["activation"])
    multiplier, shift = multipliers(factors(operator.kind, a, b, target))
    family = operator.kind.lower()
    constants = [position for position, tensor in enumerate((first, second)) if tensor.data is not None]
    sources = ["unused" if position in constants else walk.source(operator, position).name for position in (0, 1)]
    node = GradedAdd(
        walk.name(family),
        (sources[0], sources[1]),
        zero=target.zero,
        low=low,
        high=high,
        zero_a=a.zero,
        zero_b=b.zero,
        multiplier=multiplier,
        shift=shift,
        sign=family,
    )
    if not constants:
        if first.shape != second.shape:
            raise Broken(f"its inputs are {list(first.shape)} and {list(second.shape)}: one shape is expected")
        return walk.emit(node, target.wide)
    data = walk.tensor(operator, constants[0]).data
    if len(constants) > 1 or data is None or data.size != 1:
        raise walk.refusal(
            operator,
            "adds a constant of several numbers, a single one is taken",
            "put it into the bias of the layer in front of it",
        )
    entries = list(tables(node))
    entries[constants[0]] = entries[constants[0]][int(data.reshape(-1)[0]) + SIGN]
    table = finish(node, entries[0] + entries[1])
    return walk.emit(Lookup(node.name, (sources[1 - constants[0]],), target.zero, table), target.wide)
