"""Operators that move or combine whole tensors: shapes, padding, pools, attention, means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_snn.frontends import layers
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Constant, Edge, Heads, Pixels, Pooled, Product, Value
from edge_snn.frontends.walker import Walker
from edge_snn.graph.attention import Attention
from edge_snn.graph.linear import Linear
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.tensor import Kind


class ShapeHandlers(Walker):
    """Handlers of reshapes, transposes, repeats, pads, pools, matrix products and means."""

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
        filler = (
            float(layers.constant(self.file, operator.inputs[2]).reshape(-1)[0]) if len(operator.inputs) > 2 else 0.0
        )
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
        node = Attention(self._name("attention"), product.parts, product.heads, "q_kv", scale)
        return self._emit(node, operator)

    def _transpose(self, operator: Operator) -> Value:
        order = tuple(int(axis) for axis in layers.constant(self.file, operator.inputs[1]).reshape(-1))
        value = self._value(operator, 0)
        if isinstance(value, Heads):
            moves: dict[tuple[str, tuple[int, ...]], str] = {
                ("split", (0, 2, 1, 3)): "heads",
                ("split", (0, 2, 3, 1)): "transposed",
                ("heads", (0, 1, 3, 2)): "transposed",
                ("transposed", (0, 1, 3, 2)): "heads",
            }
            stage = moves.get((value.stage, order))
            if stage is not None:
                return replace(value, stage=stage)
        if isinstance(value, Product) and value.stage == "mixed" and order == (0, 2, 1, 3):
            return replace(value, stage="merged")
        raise self._refusal(operator, f"transposes by {list(order)}, which is no split or merge of heads")

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
