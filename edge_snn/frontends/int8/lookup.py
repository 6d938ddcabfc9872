"""Element-wise operators of one tensor, and products that depend on one tensor only: tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_snn.frontends.int8 import tables
from edge_snn.frontends.int8.scales import Broken, Scale, clamp, multiplier
from edge_snn.frontends.int8.walk import CODE_TYPES, Edge, Walk
from edge_snn.frontends.tflite_file import Operator
from edge_snn.graph.graded import CODES, SIGN
from edge_snn.graph.lookup import Lookup
from edge_snn.reference.graded import requantise

MAX_SHIFT = 14  # to the left: a product of two codes has 16 bits and a sign, and must still fit into 32

TABLES: dict[str, Callable[[Operator, Scale, Scale], np.ndarray]] = {
    "RELU": lambda operator, source, target: tables.relu(source, target),
    "RELU6": lambda operator, source, target: tables.relu6(source, target),
    "LEAKY_RELU": lambda operator, source, target: tables.leaky_relu(source, target, operator.options["alpha"]),
    "HARD_SWISH": lambda operator, source, target: tables.hard_swish(source, target),
    "LOGISTIC": lambda operator, source, target: tables.logistic(source, target),
    "TANH": lambda operator, source, target: tables.tanh(source, target),
    "QUANTIZE": lambda operator, source, target: tables.quantize(source, target),
}


def lookup(walk: Walk, operator: Operator) -> Edge:
    """The operators above; one that changes no code is no node."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    types = CODE_TYPES if operator.kind == "QUANTIZE" else ("int8",)
    source, target = walk.scale(x, types), walk.scale(made, types)
    table = TABLES[operator.kind](operator, source, target)
    if np.array_equal(table, tables.ALL) and source == target:
        return edge
    return walk.emit(Lookup(walk.name(operator.kind.lower()), (edge.name,), target.zero, table), target.wide)


def product(walk: Walk, operator: Operator) -> Edge:
    """MUL of a tensor and one constant, as Rescaling leaves it, or of a tensor and a table of it: x * sigmoid(x).

    MUL of TFLite Micro: ``zero + requantise((a - zero_a) * (b - zero_b), scale_a * scale_b / scale)`` in doubles.
    """
    tensors = [walk.tensor(operator, position) for position in (0, 1)]
    edges = [None if tensor.data is not None else walk.source(operator, index) for index, tensor in enumerate(tensors)]
    names = [edge.name for edge in edges if edge is not None]
    tables_of = {node.name: node for node in walk.nodes if isinstance(node, Lookup) and node.inputs[0] in names}
    source = next((tables_of[name].inputs[0] for name in names if name in tables_of), names[0] if names else "")
    a, b, target = (walk.scale(tensor) for tensor in (*tensors, walk.made(operator)))
    sides = []
    for tensor, edge in zip(tensors, edges):
        if edge is None and tensor.data is not None and tensor.data.size == 1:
            sides.append(np.full(CODES, int(tensor.data.reshape(-1)[0]) + SIGN, np.int64))
        elif edge is not None and edge.name == source:
            sides.append(tables.ALL)
        elif edge is not None and edge.name in tables_of:
            sides.append(tables_of[edge.name].table.astype(np.int64))
        else:
            raise walk.refusal(
                operator,
                "multiplies by several numbers or by another activation; a single constant is taken",
                "put factors into the weights of the layer in front of it: BatchNorm right behind a convolution, "
                "without an activation in between, is folded into it; scale images by one number",
            )
    fixed, shift = multiplier(a.wide * b.wide / target.wide)
    if shift > MAX_SHIFT:
        raise Broken("its output is of a much finer scale than what it multiplies")
    made = target.zero + requantise((sides[0] - a.zero) * (sides[1] - b.zero), fixed, shift)
    table = tables.codes(made, *clamp(target, operator.options["activation"]))
    return walk.emit(Lookup(walk.name("mul"), (source,), target.zero, table), target.wide)
