"""Walks the operators of a ``.tflite`` in order and recovers the float graph, by dataflow.

Each tensor stands for a :class:`~edge_snn.frontends.values.Value`; each operator turns the values of its
inputs into that of its output, or is refused by number, kind and the tensor it makes. Names in the file
are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends import layers
from edge_snn.frontends import neuron as neurons
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.frontends.values import Constant, Edge, Heads, Pixels, Pooled, Product, Value
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT, MAX_TIMESTEPS, Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind, TensorSpec


class Recogniser:
    """One pass over one file.

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

    # -- plumbing ------------------------------------------------------------------------------------

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

    def run(self) -> Graph:
        """Recovers the graph; InputError names the first operator that is not part of such a model."""
        handlers: dict[str, Callable[[Operator], Value | None]] = {
            "CONV_2D": self._conv,
            "FULLY_CONNECTED": self._linear,
            "MAX_POOL_2D": self._pool,
            "PAD": self._pad,
            "PADV2": self._pad,
            "RESHAPE": self._reshape,
            "TRANSPOSE": self._transpose,
            "BATCH_MATMUL": self._matmul,
            "CONCATENATION": self._concatenation,
            "TILE": self._repeat,
            "BROADCAST_TO": self._repeat,
            "SPLIT": self._neuron,
            "UNPACK": self._neuron,
            "ADD": self._add,
            "SUB": self._affine,
            "MUL": self._affine,
            "DIV": self._affine,
            "RELU": self._relu,
            "MAXIMUM": self._relu,
            "MEAN": self._mean,
            "CAST": self._cast,
            **(dict.fromkeys(neurons.COMPARISONS, self._neuron) if self.timesteps == 1 else {}),
        }
        for operator in self.file.operators:
            if operator.index in self._done:
                continue
            handler = handlers.get(operator.kind)
            if handler is None:
                raise self._refusal(
                    operator,
                    "is not part of a spiking transformer this program can take",
                    hint="models of edge_snn.models convert; see docs/models.md for what is recognised",
                )
            try:
                made = handler(operator)
            except InputError as error:
                if str(self.file.path) in error.diagnostic.where:
                    raise
                raise self._refusal(operator, error.diagnostic.reason, error.diagnostic.hint) from error
            except (ValueError, IndexError, KeyError) as error:
                raise self._refusal(operator, "has a shape or an attribute that does not fit") from error
            if made is not None:
                self.values[operator.outputs[0]] = made
        return self._finish()

    def _finish(self) -> Graph:
        value = self.values.get(self.file.output)
        if not isinstance(value, Pooled) or value.weight is None or value.bias is None:
            raise self._refusal(None, "the output is not the logits of a linear head on spikes")
        spec = self.specs[value.name]
        if (spec.positions > 1 and not value.over_tokens) or (self.timesteps > 1 and not value.over_time):
            raise self._refusal(None, "the output is not averaged over all tokens and time steps")
        self.nodes.append(Readout("head", (value.name,), value.weight, value.bias))
        self.tensor_of["head"] = self.file.output
        return Graph("model", self.timesteps, self.specs[INPUT], tuple(self.nodes))

    # -- layers with weights -------------------------------------------------------------------------

    def _conv(self, operator: Operator) -> Value:
        options = operator.options
        if (options["dilation_y"], options["dilation_x"]) != (1, 1):
            raise self._refusal(operator, "has a dilation")
        value = self._value(operator, 0)
        weight, bias = layers.conv_arrays(self.file, operator)
        source, explicit = INPUT, (0, 0, 0, 0)
        if isinstance(value, Pixels):
            explicit = value.padding
        elif isinstance(value, Edge):
            source, explicit = value.name, value.padding
            if any(explicit) and value.padded_with != 0.0:
                raise self._refusal(operator, "its input is padded with something other than 0")
        else:
            raise self._refusal(operator, "its input is neither the image nor spikes")
        kernel = (weight.shape[0], weight.shape[1])
        padding = layers.window_padding(operator, self.specs[source].shape, kernel, explicit)
        if isinstance(value, Pixels):
            weight, bias = self._fold_pixels(operator, value, weight, bias, padding)
        stride = (int(options["stride_y"]), int(options["stride_x"]))
        node = Conv2D(self._name("conv"), (source,), weight, bias, stride, padding)
        return self._activated(operator, self._emit(node, operator))

    def _fold_pixels(
        self,
        operator: Operator,
        pixels: Pixels,
        weight: np.ndarray,
        bias: np.ndarray,
        padding: tuple[int, int, int, int],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Folds ``x * scale + offset`` into the first convolution."""
        if any(padding) and np.any(pixels.offset != 0):
            raise self._refusal(
                operator,
                "pads an image that was shifted, so its border is not black",
                hint="divide pixels by 255 only; BatchNorm takes the mean",
            )
        shifted = np.einsum("abkc,k->c", weight.astype(np.float64), np.broadcast_to(pixels.offset, weight.shape[2:3]))
        scaled = weight.astype(np.float64) * np.broadcast_to(pixels.scale, weight.shape[2:3])[:, None]
        return scaled.astype(np.float32), (bias + shifted).astype(np.float32)

    def _activated(self, operator: Operator, edge: Edge) -> Edge:
        """Adds the ReLU that TensorFlow fuses into a layer."""
        activation = operator.options.get("activation", layers.NO_ACTIVATION)
        if activation == layers.NO_ACTIVATION:
            return edge
        if activation != layers.RELU:
            raise self._refusal(operator, "has a fused activation other than ReLU")
        del self.tensor_of[edge.name]  # the file holds the value behind the ReLU only
        return self._emit(Relu(self._name("relu"), (edge.name,)), operator)

    def _linear(self, operator: Operator) -> Value:
        value = self._value(operator, 0)
        weight, bias = layers.linear_arrays(self.file, operator)
        if isinstance(value, Pooled):
            return self._head(operator, value, weight, bias)
        edge = self._edge(operator, 0)
        if self.specs[edge.name].positions > 1 and self._is_logits(operator):
            raise self._refusal(operator, "makes logits of single tokens")
        return self._activated(operator, self._emit(Linear(self._name("linear"), (edge.name,), weight, bias), operator))

    def _is_logits(self, operator: Operator) -> bool:
        return operator.outputs[0] == self.file.output

    def _head(self, operator: Operator, pooled: Pooled, weight: np.ndarray, bias: np.ndarray) -> Value:
        if pooled.weight is not None or operator.options["activation"] != layers.NO_ACTIVATION:
            raise self._refusal(operator, "a second layer behind the pooled spikes has no neuron before it")
        return replace(pooled, weight=weight, bias=bias)

    # -- neurons -------------------------------------------------------------------------------------

    def _neuron(self, operator: Operator) -> Value | None:
        position = 1 if operator.kind == "SPLIT" else 0
        edge = self._edge(operator, position)
        source = operator.inputs[position]
        if operator.kind == "SPLIT" and int(layers.constant(self.file, operator.inputs[0]).reshape(-1)[0]) != 0:
            raise self._refusal(operator, "splits along another axis than time")
        if operator.kind != "SPLIT" and isinstance(self._value(operator, position), Constant):
            raise self._refusal(operator, "compares a constant")
        if self.timesteps > 1 and len(operator.outputs) != self.timesteps:
            raise self._refusal(
                operator, f"splits into {len(operator.outputs)} steps, an earlier neuron into {self.timesteps}"
            )
        region = neurons.grow(self.file, operator, source, self.timesteps)
        if region is None:
            raise self._refusal(operator, "is not followed by a spiking neuron's recurrence and a CONCATENATION")
        where = f"{self.file.path}: {self.file.describe(operator)}"
        spec = self.specs[edge.name]
        node = neurons.recognise(region, self._name("neuron"), edge.name, spec.channels, where)
        last = region.operators[-1]
        self.values[last.outputs[0]] = self._emit(node, last)
        self._done.update(member.index for member in region.operators)
        self._done.update(self._unused_from(region))
        return None

    def _unused_from(self, region: neurons.Region) -> set[int]:
        """Operators that only go on from inside a neuron to values nobody reads (the last residue)."""
        inside = {tensor for member in region.operators for tensor in member.outputs} - {region.output}
        extra: set[int] = set()
        for operator in self.file.operators:
            if operator.index not in self._done and operator.kind in neurons.ELEMENTWISE:
                live = [tensor for tensor in operator.inputs if self.file.tensors[tensor].data is None]
                if live and all(tensor in inside for tensor in live):
                    extra.add(operator.index)
                    inside.update(operator.outputs)
        return extra

    def _relu(self, operator: Operator) -> Value:
        if operator.kind == "MAXIMUM":
            constants = [tensor for tensor in operator.inputs if self.file.tensors[tensor].data is not None]
            if len(constants) != 1 or np.any(layers.constant(self.file, constants[0]) != 0):
                raise self._refusal(operator, "is not a ReLU")
            position = 1 - operator.inputs.index(constants[0])
        else:
            position = 0
        edge = self._edge(operator, position)
        return self._emit(Relu(self._name("relu"), (edge.name,)), operator)

    # -- sums and constants --------------------------------------------------------------------------

    def _add(self, operator: Operator) -> Value:
        values = [self._value(operator, position) for position in (0, 1)]
        if any(isinstance(value, Constant) for value in values):
            return self._affine(operator)
        edges = [self._edge(operator, position) for position in (0, 1)]
        node = Add(self._name("add"), (edges[0].name, edges[1].name))
        return self._activated(operator, self._emit(node, operator))

    def _affine(self, operator: Operator) -> Value:
        """x * c, x / c, x + c, x - c with a constant: folds into pixels, a layer, an attention or the head."""
        first, second = self._value(operator, 0), self._value(operator, 1)
        swap = isinstance(first, Constant)
        value, number = (second, first) if swap else (first, second)
        if not isinstance(number, Constant) or (swap and operator.kind in ("SUB", "DIV")):
            raise self._refusal(operator, "combines two computed values")
        if operator.options["activation"] != layers.NO_ACTIVATION:
            raise self._refusal(operator, "has a fused activation")
        data = -number.data if operator.kind == "SUB" else number.data
        if operator.kind == "DIV":
            if np.any(number.data == 0):
                raise self._refusal(operator, "divides by zero")
            data = (1.0 / number.data.astype(np.float64)).astype(np.float32)
        multiply = operator.kind in ("MUL", "DIV")
        if isinstance(value, Pixels):
            channel = layers.per_channel(data, self.specs[INPUT].channels)
            if channel is None or any(value.padding):
                raise self._refusal(operator, "changes the image position by position")
            if multiply:
                return replace(value, scale=value.scale * channel, offset=value.offset * channel)
            return replace(value, offset=value.offset + channel)
        if isinstance(value, Product) and multiply and data.size == 1:
            return replace(value, scale=value.scale * float(data.reshape(-1)[0]))
        if isinstance(value, Edge):
            return self._fold_into_layer(operator, value, data, multiply)
        raise self._refusal(operator, "scales or shifts something that has no weights to fold into")

    def _fold_into_layer(self, operator: Operator, edge: Edge, data: np.ndarray, multiply: bool) -> Value:
        node = self.nodes[-1]
        channel = layers.per_channel(data, self.specs[edge.name].channels)
        readers = [item for item in self.file.operators if self.tensor_of.get(edge.name) in item.inputs]
        if (
            channel is None
            or node.name != edge.name
            or not isinstance(node, (Conv2D, Linear))
            or len(readers) != 1
        ):
            raise self._refusal(operator, "scales or shifts something that has no weights to fold into")
        if multiply:
            folded: Node = replace(node, weight=node.weight * channel, bias=node.bias * channel)
        else:
            folded = replace(node, bias=node.bias + channel)
        self.nodes[-1] = folded
        self.tensor_of[edge.name] = operator.outputs[0]
        return edge

    # -- shapes --------------------------------------------------------------------------------------

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return self.file.tensors[tensor].shape

    def _cast(self, operator: Operator) -> Value:
        return self._value(operator, 0)

    def _concatenation(self, operator: Operator) -> Value:
        """T copies of a static edge one after the other: the image shown at every step."""
        if len(set(operator.inputs)) != 1 or operator.options["axis"] != 0 or len(operator.inputs) != self.timesteps:
            raise self._refusal(operator, "joins different values outside a neuron")
        return self._repeat(operator)

    def _repeat(self, operator: Operator) -> Value:
        edge = self._edge(operator, 0)
        before, after = self._shape(operator.inputs[0]), self._shape(operator.outputs[0])
        if not self.specs[edge.name].static or after != (self.timesteps * before[0], *before[1:]):
            raise self._refusal(operator, "repeats something else than a static value in time")
        return edge

    def _pad(self, operator: Operator) -> Value:
        pads = layers.constant(self.file, operator.inputs[1])
        value = self._value(operator, 0)
        if pads.shape != (4, 2) or np.any(pads[[0, 3]] != 0) or np.any(pads < 0) or np.any(pads > 16):
            raise self._refusal(operator, "pads another axis than height and width")
        padding = (int(pads[1, 0]), int(pads[2, 0]), int(pads[1, 1]), int(pads[2, 1]))
        filler = float(layers.constant(self.file, operator.inputs[2]).reshape(-1)[0]) if len(operator.inputs) > 2 else 0.0
        if isinstance(value, Pixels) and filler == 0.0 and not np.any(value.offset):
            return replace(value, padding=padding)
        if isinstance(value, Edge) and not any(value.padding):
            return replace(value, padding=padding, padded_with=filler)
        raise self._refusal(operator, "pads something that cannot be padded here")

    def _pool(self, operator: Operator) -> Value:
        edge = self._edge(operator, 0, padded=True)
        spec = self.specs[edge.name]
        size = (int(operator.options["size_y"]), int(operator.options["size_x"]))
        if operator.options["activation"] != layers.NO_ACTIVATION:
            raise self._refusal(operator, "has a fused activation")
        if any(edge.padding) and edge.padded_with > (0.0 if spec.kind is Kind.SPIKES else -1e4):
            raise self._refusal(operator, "its padding can win a window; pad membranes with a large negative number")
        padding = layers.window_padding(operator, spec.shape, size, edge.padding)
        stride = (int(operator.options["stride_y"]), int(operator.options["stride_x"]))
        return self._emit(MaxPool2D(self._name("pool"), (edge.name,), size, stride, padding), operator)

    def _reshape(self, operator: Operator) -> Value:
        value = self._value(operator, 0)
        before, after = self._shape(operator.inputs[0]), self._shape(operator.outputs[0])
        if isinstance(value, Pooled):
            if after[-1] != before[-1]:
                raise self._refusal(operator, "reshapes pooled spikes into something else")
            return value
        if isinstance(value, Product):
            return self._merge_heads(operator, value, after)
        if isinstance(value, Pixels):
            if after != before:
                raise self._refusal(operator, "reshapes the image")
            return value
        edge = self._edge(operator, 0)
        spec = self.specs[edge.name]
        steps = 1 if spec.static else self.timesteps
        if after[-1] == spec.channels and after[0] in (steps, steps * spec.positions):
            return edge  # positions and tokens are the same thing here
        if len(after) == 4 and after[:2] == (steps, spec.positions) and after[2] * after[3] == spec.channels:
            return Heads(edge.name, after[2], "split")
        raise self._refusal(operator, f"reshapes {list(before)} to {list(after)}, which mixes tokens, channels or time")

    def _merge_heads(self, operator: Operator, product: Product, after: tuple[int, ...]) -> Value:
        spec = self.specs[product.parts[0]]
        if product.stage != "merged" or after[-1] != spec.channels:
            raise self._refusal(operator, "reshapes a product of heads before it is complete")
        scale = float(product.scale)
        node = Attention(self._name("attention"), product.parts, product.heads, "q_kv", scale)  # type: ignore[arg-type]
        return self._emit(node, operator)

    def _transpose(self, operator: Operator) -> Value:
        order = tuple(int(axis) for axis in layers.constant(self.file, operator.inputs[1]).reshape(-1))
        value = self._value(operator, 0)
        if isinstance(value, Heads):
            moves = {
                ("split", (0, 2, 1, 3)): "heads",
                ("split", (0, 2, 3, 1)): "transposed",
                ("heads", (0, 1, 3, 2)): "transposed",
                ("transposed", (0, 1, 3, 2)): "heads",
            }
            stage = moves.get((value.stage, order))
            if stage is not None:
                return replace(value, stage=stage)
        if isinstance(value, Product):
            if value.stage == "mixed" and order == (0, 2, 1, 3):
                return replace(value, stage="merged")
        raise self._refusal(operator, f"transposes by {list(order)}, which is no split or merge of heads")

    # -- attention and readout -----------------------------------------------------------------------

    def _matmul(self, operator: Operator) -> Value:
        left, right = self._value(operator, 0), self._value(operator, 1)
        if isinstance(right, Constant) and isinstance(left, Edge):
            return self._constant_matmul(operator, left, right)

        def flipped(value: Value, adjoint: bool) -> bool:
            return isinstance(value, Heads) and (value.stage == "transposed") != adjoint

        flip_left, flip_right = (
            flipped(left, bool(operator.options["adjoint_x"])),
            flipped(right, bool(operator.options["adjoint_y"])),
        )
        if isinstance(left, Heads) and isinstance(right, Heads) and left.heads == right.heads:
            if flip_left and not flip_right:
                return Product("context", left.heads, (left.name, right.name))
            if flip_right and not flip_left:
                return Product("scores", left.heads, (left.name, right.name))
        if isinstance(left, Heads) and not flip_left and isinstance(right, Product) and right.stage == "context":
            return Product("mixed", left.heads, (left.name, *right.parts), right.scale)
        if isinstance(right, Heads) and not flip_right and isinstance(left, Product) and left.stage == "scores":
            return Product("mixed", right.heads, (*left.parts, right.name), left.scale)
        raise self._refusal(operator, "is neither Q K^T, K^T V nor the product that completes an attention")

    def _constant_matmul(self, operator: Operator, edge: Edge, number: Constant) -> Value:
        weight = np.squeeze(number.data)
        weight = weight.T if operator.options["adjoint_y"] else weight
        if weight.ndim != 2 or operator.options["adjoint_x"] or any(edge.padding):
            raise self._refusal(operator, "is no linear layer on channels")
        bias = np.zeros(weight.shape[1], np.float32)
        node = Linear(self._name("linear"), (edge.name,), np.ascontiguousarray(weight, np.float32), bias)
        return self._emit(node, operator)

    def _mean(self, operator: Operator) -> Value:
        value = self._value(operator, 0)
        rank = len(self._shape(operator.inputs[0]))
        axes = {int(axis) % rank for axis in layers.constant(self.file, operator.inputs[1]).reshape(-1)}
        if isinstance(value, Edge) and not any(value.padding):
            if self.specs[value.name].kind not in (Kind.SPIKES, Kind.TERNARY):
                raise self._refusal(operator, "averages something else than spikes")
            value = Pooled(value.name, False, False)
        if not isinstance(value, Pooled) or rank - 1 in axes:
            raise self._refusal(operator, "averages something else than spikes over tokens or time")
        shape = self._shape(operator.inputs[0])
        over_time = 0 in axes and shape[0] == self.timesteps
        # What is averaged besides time: all positions at once, or axes of length 1.
        others = int(np.prod([shape[axis] for axis in axes if axis != 0] or [1]))
        positions = self.specs[value.name].positions
        if 0 in axes and not over_time and shape[0] != 1:
            raise self._refusal(operator, "averages over something else than time")
        over_tokens = others == positions and positions > 1
        if others not in (1, positions):
            raise self._refusal(operator, "averages over some of the tokens only")
        return replace(value, over_tokens=value.over_tokens or over_tokens, over_time=value.over_time or over_time)


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
