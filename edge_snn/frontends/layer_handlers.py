"""Operators that are layers, neurons, sums and constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends import layers
from edge_snn.frontends import neuron as neurons
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Constant, Edge, Pixels, Pooled, Product, Value
from edge_snn.frontends.walker import Walker
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Relu
from edge_snn.graph.node import Node
from edge_snn.graph.residual import Add


class LayerHandlers(Walker):
    """Handlers of convolutions, linear layers, neurons, ReLU, additions and constant factors."""

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
                operator,
                f"splits into {len(operator.outputs)} steps, an earlier neuron into {self.timesteps}",
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
        if channel is None or node.name != edge.name or not isinstance(node, (Conv2D, Linear)) or len(readers) != 1:
            raise self._refusal(operator, "scales or shifts something that has no weights to fold into")
        if multiply:
            folded: Node = replace(node, weight=node.weight * channel, bias=node.bias * channel)
        else:
            folded = replace(node, bias=node.bias + channel)
        self.nodes[-1] = folded
        self.tensor_of[edge.name] = operator.outputs[0]
        return edge
