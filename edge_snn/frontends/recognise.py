"""Walks the operators of a ``.tflite`` in order and recovers the float graph, by dataflow.

Each tensor stands for a :class:`~edge_snn.frontends.values.Value`; each operator turns the values of its
inputs into that of its output, or is refused by number, kind and the tensor it makes. Names in the file
are never looked at. One module a family holds the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends import advice, attention, conv, elements, linear, neuron, pool, readout, residual, shapes
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.frontends.values import Constant, Value
from edge_snn.frontends.walk import SLICES, SPLITTERS, Held, Walk
from edge_snn.graph.graph import INPUT, Graph

Handler = Callable[[Walk, Operator], "Value | None"]

HANDLERS: dict[str, Handler] = {
    "CONV_2D": conv.conv,
    "FULLY_CONNECTED": linear.fully_connected,
    "BATCH_MATMUL": attention.matmul,
    "MAX_POOL_2D": pool.max_pool,
    "AVERAGE_POOL_2D": readout.average_pool,
    "PAD": pool.pad,
    "PADV2": pool.pad,
    **dict.fromkeys(("RESHAPE", "EXPAND_DIMS", "SQUEEZE"), shapes.reshape),
    "TRANSPOSE": shapes.transpose,
    "CONCATENATION": shapes.repeat,
    "TILE": shapes.repeat,
    "BROADCAST_TO": shapes.repeat,
    "PACK": shapes.repeat,
    "CAST": shapes.cast,
    "ADD": residual.add,
    **dict.fromkeys(("SUB", "MUL", "DIV"), residual.affine),
    "RELU": neuron.relu,
    "MAXIMUM": neuron.relu,
    "MEAN": readout.mean,
    "SUM": readout.mean,
    **dict.fromkeys((*SPLITTERS, *SLICES), neuron.split),
    **dict.fromkeys(elements.COMPARISONS, neuron.single_step),
}


@dataclass(frozen=True)
class Recovered:
    """The graph, and by edge name the tensor of the file that holds it."""

    graph: Graph
    held: Mapping[str, Held]


def recognise(file: TfliteFile) -> Recovered:
    """Recovers the graph; InputError names the first operator that is not part of such a model, or says why it is."""
    walk = Walk(file)
    try:
        return _recognise(walk, file)
    except InputError as error:
        raise advice.explain(file, error) from error


def _recognise(walk: Walk, file: TfliteFile) -> Recovered:
    with np.errstate(all="ignore"):
        for operator in file.operators:
            if operator.index not in walk.done:
                made = _handle(walk, operator)
                if made is not None:
                    walk.put(operator.outputs[0], made)
        readout.finish(walk)
    graph = Graph("model", walk.timesteps, walk.specs[INPUT], tuple(walk.nodes.values()))
    return Recovered(graph, walk.held)


def _handle(walk: Walk, operator: Operator) -> Value | None:
    if operator.inputs and all(walk.is_constant(tensor) for tensor in operator.inputs):
        inputs = [walk.constant(operator, position) for position in range(len(operator.inputs))]
        folded = elements.fold(operator, inputs, walk.file.tensors[operator.outputs[0]])
        if folded is not None:
            return Constant(folded)
    handler = HANDLERS.get(operator.kind)
    if handler is None:
        raise walk.refusal(
            operator,
            "is not part of a spiking transformer this program can take",
            "taken are convolutions, linear layers, LIF neurons, pools, attention without softmax and a linear head",
        )
    try:
        return handler(walk, operator)
    except InputError as error:
        if error.diagnostic.where.startswith(str(walk.file.path)):
            raise
        raise walk.refusal(operator, error.diagnostic.reason, error.diagnostic.hint) from error
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise walk.refusal(operator, "has a shape or an attribute that does not fit") from error
