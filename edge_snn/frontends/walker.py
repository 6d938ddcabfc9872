"""The state of a walk over the operators of a file, and how it is read and extended."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.frontends.values import Constant, Edge, Pixels, Value
from edge_snn.graph.graph import INPUT, MAX_TIMESTEPS
from edge_snn.graph.node import Node
from edge_snn.graph.tensor import Kind, TensorSpec


class Walker:
    """One pass over one file; handlers of operators are in the classes that inherit from it.

    Attributes:
        nodes: the graph's nodes so far.
        tensor_of: for every edge, the tensor of the file that holds it.
    """

    def __init__(self, file: TfliteFile) -> None:
        self.file = file
        self.nodes: list[Node] = []
        self.specs: dict[str, TensorSpec] = {}
        self.tensor_of: dict[str, int] = {}
        self.timesteps = _timesteps(file)
        shape = file.tensors[file.input].shape
        if len(shape) != 4 or shape[0] != 1 or file.tensors[file.input].dtype != "float32":
            raise self._refusal(None, f"the input must be float32 [1, height, width, channels], not {list(shape)}")
        self.specs[INPUT] = TensorSpec((shape[1], shape[2], shape[3]), Kind.PIXELS, static=True)
        one = np.ones(shape[3])
        self.values: dict[int, Value] = {file.input: Pixels(one, 0 * one)}
        self._done: set[int] = set()

    def _refusal(self, operator: Operator | None, reason: str, hint: str = "") -> InputError:
        where = str(self.file.path)
        if operator is not None:
            where += f": {self.file.describe(operator)}"
        return InputError(reason, where=where, hint=hint)

    def _value(self, operator: Operator, position: int) -> Value:
        tensor = operator.inputs[position]
        data = self.file.tensors[tensor].data
        if data is not None:
            return Constant(data)
        value = self.values.get(tensor)
        if value is None:
            raise self._refusal(operator, "its input is made by nothing this program understands")
        return value

    def _emit(self, node: Node, operator: Operator) -> Edge:
        spec = node.infer([self.specs[edge] for edge in node.inputs])
        self.nodes.append(node)
        self.specs[node.name] = spec
        self.tensor_of[node.name] = operator.outputs[0]
        return Edge(node.name)

    def _name(self, family: str) -> str:
        return f"{family}{len(self.nodes)}"

    def _edge(self, operator: Operator, position: int, padded: bool = False) -> Edge:
        value = self._value(operator, position)
        if not isinstance(value, Edge) or (any(value.padding) and not padded):
            raise self._refusal(operator, "does not follow on what stands before it")
        return value


def _timesteps(file: TfliteFile) -> int:
    """T: the number of pieces that the first SPLIT or UNPACK makes; 1 when there is none."""
    for operator in file.operators:
        if operator.kind in ("SPLIT", "UNPACK"):
            steps = len(operator.outputs)
            if not 1 <= steps <= MAX_TIMESTEPS:
                raise InputError(
                    f"splits into {steps} time steps, 1 to {MAX_TIMESTEPS} are supported",
                    where=f"{file.path}: {file.describe(operator)}",
                )
            return steps
    return 1
