"""The state of one walk over the operators of a file; the handlers of all families work on it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.advice import check_input
from edge_snn.frontends.layout import Layout, natural
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.frontends.values import Constant, Edge, Pixels, Value
from edge_snn.graph.graph import INPUT, MAX_NODES, MAX_TIMESTEPS
from edge_snn.graph.node import Node
from edge_snn.graph.tensor import Kind, TensorSpec

NO_ACTIVATION, RELU = 0, 1
SPLITTERS = ("SPLIT", "UNPACK")
SLICES = ("STRIDED_SLICE", "SLICE", "GATHER")


@dataclass(frozen=True)
class Held:
    """The tensor of the file that holds an edge of the graph, and in which order."""

    tensor: int
    layout: Layout


class Walk:
    """What is known so far.

    Attributes:
        file: the parsed file.
        nodes: of the graph, by name, in order.
        specs: of the edges by name.
        values: what each tensor stands for.
        held: by edge name, where the file keeps it.
        readers: by tensor, the operators that read it.
        done: numbers of the operators already taken as part of a larger pattern.
        timesteps: T.
    """

    def __init__(self, file: TfliteFile) -> None:
        self.file = file
        self.nodes: dict[str, Node] = {}
        self.held: dict[str, Held] = {}
        self.done: set[int] = set()
        self.readers: dict[int, list[Operator]] = defaultdict(list)
        for operator in file.operators:
            for tensor in dict.fromkeys(operator.inputs):
                self.readers[tensor].append(operator)
        source = file.tensors[file.input]
        check_input(file)
        self.timesteps = self._timesteps()
        height, width, channels = source.shape[1:]
        self.specs: dict[str, TensorSpec] = {INPUT: TensorSpec((height, width, channels), Kind.PIXELS, static=True)}
        self.values: dict[int, Value] = {file.input: Pixels(np.ones(channels), np.zeros(channels))}
        self._carriers: dict[str, list[int]] = defaultdict(list)

    def _timesteps(self) -> int:
        """T: the pieces of the first operator that takes a tensor apart; 1 when there is none."""
        for operator in self.file.operators:
            steps = 0
            if operator.kind in SPLITTERS:
                steps = len(operator.outputs)
            elif operator.kind in SLICES and operator.inputs and self.file.tensors[operator.inputs[0]].data is None:
                siblings = self.readers[operator.inputs[0]]
                steps = sum(sibling.kind == operator.kind for sibling in siblings)
            if steps > MAX_TIMESTEPS:
                raise self.refusal(operator, f"splits into {steps} time steps, 1 to {MAX_TIMESTEPS} are supported")
            if steps > 1:
                return steps
        return 1

    # -- reading -------------------------------------------------------------------------------------

    def refusal(self, operator: Operator | None, reason: str, hint: str = "") -> InputError:
        """Returns the error that names the operator (number, kind, tensor it makes), or only the file."""
        where = str(self.file.path)
        if operator is not None:
            where += f": {self.file.describe(operator)}"
        return InputError(reason, where=where, hint=hint)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor, as the file says."""
        return self.file.tensors[tensor].shape

    def is_constant(self, tensor: int) -> bool:
        """Whether the tensor's numbers are known."""
        return self.file.tensors[tensor].data is not None or isinstance(self.values.get(tensor), Constant)

    def value(self, operator: Operator, position: int) -> Value:
        """What an input of the operator stands for."""
        if position >= len(operator.inputs):
            raise self.refusal(operator, f"has {len(operator.inputs)} inputs, more are expected")
        tensor = operator.inputs[position]
        data = self.file.tensors[tensor].data
        if data is not None:
            return Constant(data)
        value = self.values.get(tensor)
        if value is None:
            raise self.refusal(
                operator,
                "reads a value from inside a neuron or of a tensor type this program does not take",
            )
        return value

    def constant(self, operator: Operator, position: int) -> np.ndarray:
        """The numbers of an input that must be constant."""
        value = self.value(operator, position)
        if not isinstance(value, Constant):
            raise self.refusal(operator, f"input {position} must be a constant")
        return value.data

    def numbers(self, operator: Operator, position: int, count: int | None = None) -> tuple[int, ...]:
        """The integers of a small constant input, such as axes."""
        data = self.constant(operator, position)
        if data.dtype.kind not in "iu" or data.size > 64 or (count is not None and data.size != count):
            raise self.refusal(operator, f"input {position} must be a short list of integers")
        return tuple(int(item) for item in data.reshape(-1))

    def floats(self, operator: Operator, position: int, ndim: int) -> np.ndarray:
        """Weights: a float32 constant of ``ndim`` dimensions, all finite."""
        data = self.constant(operator, position)
        if data.dtype != np.float32 or data.ndim != ndim or data.size == 0:
            raise self.refusal(
                operator,
                f"its weights are {data.dtype} {list(data.shape)}, expected is float32 of {ndim} dimensions",
                "export without quantisation" if data.dtype.kind in "iu" else "",
            )
        if not np.isfinite(data).all():
            raise self.refusal(operator, "its weights are not all finite")
        return data

    def edge(self, operator: Operator, position: int, padded: bool = False, scaled: bool = False) -> Edge:
        """An input that must be an edge, not padded and not scaled unless the caller takes that over."""
        value = self.value(operator, position)
        if isinstance(value, Pixels):
            raise self.refusal(operator, "takes the image itself; only a convolution can")
        if not isinstance(value, Edge):
            raise self.refusal(operator, "cannot stand behind the operators before it")
        if any(value.padding) and not padded:
            raise self.refusal(operator, "takes a padded tensor; only a convolution or a pool can")
        if value.scale is not None and not scaled:
            raise self.refusal(operator, "takes scaled spikes; only a layer with weights can")
        return value

    def rows(self, tensor: int, spec: TensorSpec) -> int:
        """Time steps that ``tensor`` holds of an edge of ``spec``: T, or 1 if static; 0 when neither fits."""
        elements = int(np.prod(self.shape(tensor), dtype=np.int64))
        if elements == spec.size * self.timesteps:
            return self.timesteps
        return 1 if spec.static and elements == spec.size else 0

    def natural(self, operator: Operator, position: int, edge: Edge, spatial: bool = False) -> None:
        """Refuses unless an input stores its edge as [.., C], and as [T, H, W, C] where ``spatial``."""
        spec, shape = self.specs[edge.name], self.shape(operator.inputs[position])
        rows = 1 if not any(atom.axis == "t" for atom in edge.layout) else self.timesteps
        self.not_flat(operator, shape, spec)
        if edge.layout != natural(rows, spec.positions, spec.channels) or not shape or shape[-1] != spec.channels:
            raise self.refusal(operator, f"takes channels or tokens in another order than its input {list(shape)} has")
        if spatial and not any(edge.padding) and shape != (rows, *spec.shape):
            raise self.refusal(operator, f"takes an image of {list(spec.shape)} as {list(shape)}")

    def not_flat(self, operator: Operator, shape: tuple[int, ...], spec: TensorSpec) -> None:
        """Refuses a flattened image in front of a layer, which works on the channels of one position."""
        height, width, channels = spec.shape
        if shape and shape[-1] == spec.positions * channels != channels:
            raise self.refusal(
                operator,
                f"takes an image {list(spec.shape)} flattened to {shape[-1]} numbers; a layer reads one position",
                f"write Flatten + Dense as a convolution over the whole image: Conv2D(units, ({height}, {width}), "
                f"padding='valid') with the kernel reshaped to [{height}, {width}, {channels}, units]",
            )

    # -- writing -------------------------------------------------------------------------------------

    def name(self, family: str) -> str:
        """A name for a new node; :mod:`edge_snn.frontends.names` gives the final ones."""
        return f"{family}#{len(self.held)}.{len(self.nodes)}"

    def emit(self, node: Node, operator: Operator, layout: Layout | None = None) -> Edge:
        """Adds a node whose edge is the operator's output."""
        if len(self.nodes) >= MAX_NODES:
            raise self.refusal(operator, f"the graph has more than {MAX_NODES} nodes")
        spec = node.infer([self.specs[edge] for edge in node.inputs])
        tensor = operator.outputs[0]
        rows = self.rows(tensor, spec)
        if not rows:
            raise self.refusal(operator, f"makes a tensor of shape {list(self.shape(tensor))}, which does not fit")
        self.nodes[node.name] = node
        self.specs[node.name] = spec
        held = natural(rows, spec.positions, spec.channels) if layout is None else layout
        self.held[node.name] = Held(tensor, held)
        return Edge(node.name, held)

    def put(self, tensor: int, value: Value) -> None:
        """Says what a tensor stands for."""
        self.values[tensor] = value
        if isinstance(value, Edge):
            self._carriers[value.name].append(tensor)

    def private(self, edge: Edge, output: bool = False) -> bool:
        """Whether the edge is read once, by one operator after the other: then constants may fold into its node.

        With ``output`` the last of them may be the output of the file, which nothing reads.
        """
        tensors = self._carriers[edge.name]
        if self.file.output in tensors:
            if not output or self.readers[self.file.output]:
                return False
            tensors = [tensor for tensor in tensors if tensor != self.file.output]
        return all(len(self.readers[tensor]) == 1 for tensor in tensors)

    def drop(self, edge: Edge) -> Node:
        """Takes back the node that made a private edge."""
        del self.held[edge.name]
        return self.nodes.pop(edge.name)
