"""Element-wise operators of one tensor: tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_snn.frontends.int8 import tables
from edge_snn.frontends.int8.scales import Scale
from edge_snn.frontends.int8.walk import CODE_TYPES, Edge, Walk
from edge_snn.frontends.tflite_file import Operator
from edge_snn.graph.lookup import Lookup

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
