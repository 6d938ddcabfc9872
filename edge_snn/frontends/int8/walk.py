"""What the operators of an int8 file share while they are turned into nodes, one after another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_snn.errors import InputError
from edge_snn.frontends.int8.scales import Scale, scale_of
from edge_snn.frontends.tflite_file import Operator, Tensor, TfliteFile
from edge_snn.graph.graph import INPUT
from edge_snn.graph.node import Node
from edge_snn.graph.tensor import TensorSpec

Shape3 = tuple[int, int, int]
CODE_TYPES = ("int8", "uint8")
MAX_NUMBERS = 64  # of a constant such as axes or paddings
AGAIN = "quantise the whole model to int8: edge-snn tflite SOURCE --int8 --calibrate DATA"


@dataclass(frozen=True)
class Edge:
    """Where the codes of a tensor are.

    Attributes:
        name: of the edge.
        padding: (top, left, bottom, right) that a convolution must add, from a PAD that is no node.
    """

    name: str
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)


def edge_shape(shape: tuple[int, ...]) -> Shape3:
    """(height, width, channels) of a tensor: a batch of 1 goes, what is missing is 1, what is too much joins height."""
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    inner = (1, 1, 1, *inner)
    return math.prod(inner[:-2]), inner[-2], inner[-1]


class Walk:
    """The file, the nodes made so far, and where each tensor is.

    Attributes:
        nodes: in order.
        scales: real value of one code of each edge.
        edges: by tensor.
        rounding: of FULLY_CONNECTED.
    """

    def __init__(self, file: TfliteFile, rounding: str) -> None:
        self.file = file
        self.rounding = rounding
        self.nodes: list[Node] = []
        self.scales: dict[str, float] = {}
        self.specs: dict[str, TensorSpec] = {}
        self.edges: dict[int, Edge] = {}
        self._counts: dict[str, int] = {}
        self.readers: dict[int, list[Operator]] = {}
        for operator in file.operators:
            for tensor in dict.fromkeys(operator.inputs):
                self.readers.setdefault(tensor, []).append(operator)

    def refusal(self, operator: Operator, reason: str, hint: str = "") -> InputError:
        """Returns the error that names the operator: number, kind, tensor it makes."""
        return InputError(reason, where=f"{self.file.path}: {self.file.describe(operator)}", hint=hint)

    # -- reading -----------------------------------------------------------------------------------

    def tensor(self, operator: Operator, position: int) -> Tensor:
        """An input by its place."""
        if position >= len(operator.inputs):
            raise self.refusal(operator, f"has {len(operator.inputs)} inputs, more are expected")
        return self.file.tensors[operator.inputs[position]]

    def made(self, operator: Operator) -> Tensor:
        """What the operator makes, which must be one tensor."""
        if len(operator.outputs) != 1:
            raise self.refusal(operator, f"makes {len(operator.outputs)} tensors, one is expected")
        return self.file.tensors[operator.outputs[0]]

    def source(self, operator: Operator, position: int = 0, padded: bool = False) -> Edge:
        """The edge of an input that is computed from codes.

        Args:
            padded: the caller takes over what a PAD left to it.
        """
        tensor = self.tensor(operator, position)
        edge = self.edges.get(tensor.index)
        if edge is None:
            kind = "a constant" if tensor.data is not None else f"{tensor.dtype} numbers"
            raise self.refusal(
                operator,
                f"input {position} is {kind}, 8-bit activations are expected",
                AGAIN,
            )
        if any(edge.padding) and not padded:
            raise self.refusal(operator, "reads a tensor that was left to its convolutions to pad")
        return edge

    def wanted(self, operator: Operator) -> Shape3:
        """(height, width, channels) of what the file claims that the operator makes."""
        return edge_shape(self.made(operator).shape)

    def scale(self, tensor: Tensor, types: tuple[str, ...] = ("int8",)) -> Scale:
        """Scale and zero point of a tensor of int8 numbers.

        Raises:
            InputError: of another type, or without a scale that can be.
        """
        if tensor.dtype not in types:
            raise InputError(f"tensor {tensor.index} is {tensor.dtype}, {' or '.join(types)} is expected", hint=AGAIN)
        return scale_of(tensor)

    def numbers(self, operator: Operator, position: int, count: int | None = None) -> list[int]:
        """The integers of a small constant input."""
        data = self.tensor(operator, position).data
        wrong = data is None or data.dtype.kind not in "iu" or data.size > MAX_NUMBERS
        if data is None or wrong or (count is not None and data.size != count):
            raise self.refusal(operator, f"input {position} must be a short list of integers that does not change")
        return [int(item) for item in data.reshape(-1)]

    def image(self, operator: Operator, tensor: Tensor) -> None:
        """Raises InputError unless the tensor is one image, [1, height, width, channels]."""
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            raise self.refusal(
                operator, f"its tensor {tensor.index} is {list(tensor.shape)}, [1, height, width, channels] is expected"
            )

    # -- making ------------------------------------------------------------------------------------

    def name(self, family: str) -> str:
        """The next free name of a family: conv1, conv2 .."""
        self._counts[family] = self._counts.get(family, 0) + 1
        return f"{family}{self._counts[family]}"

    def enter(self, spec: TensorSpec, scale: Scale) -> Edge:
        """The input edge."""
        self.specs[INPUT], self.scales[INPUT] = spec, scale.wide
        return Edge(INPUT)

    def emit(self, node: Node, scale: float) -> Edge:
        """Adds a node; the graph's own rules apply to it."""
        self.specs[node.name] = node.infer([self.specs[edge] for edge in node.inputs])
        self.scales[node.name] = scale
        self.nodes.append(node)
        return Edge(node.name)

    def shape(self, edge: Edge) -> Shape3:
        """(height, width, channels) of an edge."""
        return self.specs[edge.name].shape

    def settle(self, operator: Operator, edge: Edge) -> None:
        """Says that the operator's result is on the edge, if that has the shape that the file claims.

        Raises:
            InputError: shapes disagree.
        """
        tensor = self.made(operator)
        height, width, channels = self.shape(edge)
        top, left, bottom, right = edge.padding
        shape = (top + height + bottom, left + width + right, channels)
        if edge_shape(tensor.shape) != shape:
            raise self.refusal(
                operator,
                f"the file claims that it makes {list(tensor.shape)}, its inputs make {list(shape)}",
                "a damaged file, or shapes that are not static: export with fixed shapes and batch 1",
            )
        self.edges[tensor.index] = edge
