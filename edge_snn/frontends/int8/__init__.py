"""Front end of int8 ``.tflite`` files, quantised before they came: every operator becomes a node that equals it.

The reference is TFLite Micro. Nothing is calibrated and nothing rounds here that does not round there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_snn.errors import InputError
from edge_snn.frontends.int8 import graded_add, graded_conv, graded_pool, layout, lookup, softmax
from edge_snn.frontends.int8.borders import enter, leave
from edge_snn.frontends.int8.walk import Edge, Walk
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.graph.border import Border
from edge_snn.graph.graph import Graph
from edge_snn.graph.node import INTEGER, Node

HANDLERS: dict[str, Callable[[Walk, Operator], Edge]] = {
    "CONV_2D": graded_conv.conv,
    "DEPTHWISE_CONV_2D": graded_conv.depthwise,
    "FULLY_CONNECTED": graded_conv.fully_connected,
    "ADD": graded_add.add,
    "SUB": graded_add.add,
    "MUL": lookup.product,
    "CONCATENATION": layout.concat,
    "PAD": layout.pad,
    "PADV2": layout.pad,
    "MAX_POOL_2D": graded_pool.pool,
    "AVERAGE_POOL_2D": graded_pool.pool,
    "MEAN": graded_pool.mean,
    "RESHAPE": layout.reshape,
    "SQUEEZE": layout.reshape,
    "EXPAND_DIMS": layout.reshape,
    "TRANSPOSE": layout.transpose,
    "STRIDED_SLICE": layout.strided_slice,
    "SLICE": layout.slice_op,
    "SOFTMAX": softmax.softmax,
    **dict.fromkeys(lookup.TABLES, lookup.lookup),
}

# Of these an open batch leaves chains that compute the shape of a RESHAPE.
SHAPE_KINDS = ("SHAPE", "STRIDED_SLICE", "SLICE", "PACK", "CONCATENATION", "GATHER", "REDUCE_PROD", "CAST", "MUL")


@dataclass(frozen=True)
class Recovered:
    """What an int8 file is.

    Attributes:
        graph: in the integer domain.
        scales: real value of one code of every edge.
        borders: what numbers enter, and what numbers it makes.
        tensors: edge by number of the tensor in the file that it holds.
    """

    graph: Graph
    scales: dict[str, float]
    borders: tuple[Border, Border]
    tensors: dict[int, str]


def is_quantised(file: TfliteFile) -> bool:
    """Whether the file computes with int8 (or uint8, int16) activations, not only with weights of them."""
    computed = (file.tensors[tensor] for operator in file.operators for tensor in operator.outputs)
    return any(tensor.dtype in ("int8", "uint8", "int16") and tensor.quantisation is not None for tensor in computed)


def recover(file: TfliteFile, rounding: str = "double") -> Recovered:
    """Reads the file's operators as nodes.

    Args:
        rounding: of FULLY_CONNECTED: "double" as TFLite Micro, "single" as newer LiteRT.

    Raises:
        InputError: names the first operator that cannot be taken: its number, kind, what it makes, and what to do.
    """
    walk = Walk(file, rounding)
    entered, first = enter(walk)
    final = leave(walk)
    for operator in file.operators:
        if operator in entered or operator is final.operator or _makes_shape(file, operator):
            continue
        _take(walk, operator)
    end, last = final.close(walk)
    nodes = _needed(walk.nodes, end)
    graph = Graph("network", 1, walk.specs["input"], nodes, INTEGER)
    kept = {name: scale for name, scale in walk.scales.items() if name in graph.specs}
    tensors = {
        tensor: edge.name for tensor, edge in walk.edges.items() if edge.name in graph.specs and not any(edge.padding)
    }
    return Recovered(graph, kept, (first, last), tensors)


def _makes_shape(file: TfliteFile, operator: Operator) -> bool:
    """Whether the operator computes sizes, which the file says as well; whoever reads them as numbers is refused."""
    return operator.kind in SHAPE_KINDS and all(
        file.tensors[tensor].dtype in ("int32", "int64") for tensor in operator.outputs
    )


def _take(walk: Walk, operator: Operator) -> None:
    """Turns one operator into a node; its errors name it."""
    handler = HANDLERS.get(operator.kind)
    if handler is None:
        raise walk.refusal(operator, "is no operator that int8 networks convert with", _instead(walk, operator))
    try:
        walk.settle(operator, handler(walk, operator))
    except InputError as error:
        told = error.diagnostic
        if told.where.startswith(str(walk.file.path)):
            raise
        raise walk.refusal(operator, told.reason, told.hint) from error
    except (OverflowError, ZeroDivisionError, ValueError) as error:
        raise walk.refusal(operator, f"its numbers make no sense ({error})"[:200]) from error


def _instead(walk: Walk, operator: Operator) -> str:
    """What to do about an operator of another kind."""
    return f"taken are {', '.join(sorted(HANDLERS))}; build the model from these, or cut it in front of this operator"


def _needed(nodes: list[Node], end: Node) -> tuple[Node, ...]:
    """The nodes that the end depends on, in order, and the end."""
    wanted = set(end.inputs)
    kept = []
    for node in reversed(nodes):
        if node.name in wanted:
            kept.append(node)
            wanted.update(node.inputs)
    return (*reversed(kept), end)
