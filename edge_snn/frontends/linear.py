"""Recognises linear layers, as FULLY_CONNECTED or as a product with a constant matrix."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Edge, Pooled, Value
from edge_snn.frontends.walk import NO_ACTIVATION, RELU, Walk
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Relu


def fully_connected(walk: Walk, operator: Operator) -> Value:
    """FULLY_CONNECTED on the channels of every token, or the head on pooled spikes."""
    if operator.options["weights_format"] != 0:
        raise walk.refusal(operator, "has its weights in a shuffled format")
    weight = walk.floats(operator, 1, 2).T.astype(np.float64)  # stored as [cout, cin]
    bias = np.zeros(weight.shape[1])
    if len(operator.inputs) > 2:
        bias = walk.floats(operator, 2, 1).astype(np.float64)
    return layer(walk, operator, weight, bias)


def constant_matmul(walk: Walk, operator: Operator) -> Value:
    """BATCH_MATMUL with a constant matrix on the right."""
    data = walk.constant(operator, 1)
    if any(dim != 1 for dim in data.shape[:-2]) or data.ndim < 2 or operator.options["adjoint_x"]:
        raise walk.refusal(operator, "multiplies by a constant that is no matrix on channels")
    weight = walk.floats(operator, 1, data.ndim).reshape(data.shape[-2:]).astype(np.float64)
    weight = weight.T if operator.options["adjoint_y"] else weight
    return layer(walk, operator, weight, np.zeros(weight.shape[1]))


def layer(walk: Walk, operator: Operator, weight: np.ndarray, bias: np.ndarray) -> Value:
    """A layer [cin, cout] on spikes; behind pooling, the head."""
    value = walk.value(operator, 0)
    if isinstance(value, Pooled):
        from edge_snn.frontends import readout

        return readout.head(walk, operator, value, weight, bias)
    edge = walk.edge(operator, 0, scaled=True)
    walk.natural(operator, 0, edge)
    if weight.shape[0] != walk.specs[edge.name].channels:
        raise walk.refusal(
            operator,
            f"takes {weight.shape[0]} numbers, its input has {walk.specs[edge.name].channels} channels",
        )
    if edge.scale is not None:
        weight = weight * edge.scale[:, None]
    node = Linear(walk.name("linear"), (edge.name,), _float32(weight), _float32(bias))
    return activated(walk, operator, walk.emit(node, operator))


def _float32(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def activated(walk: Walk, operator: Operator, edge: Edge) -> Edge:
    """Adds the ReLU that TensorFlow fuses into a layer."""
    activation = operator.options.get("activation", NO_ACTIVATION)
    if activation == NO_ACTIVATION:
        return edge
    if activation != RELU:
        raise walk.refusal(operator, "has a fused activation other than ReLU")
    del walk.held[edge.name]  # the file holds the value behind the ReLU only
    return walk.emit(Relu(walk.name("relu"), (edge.name,)), operator, edge.layout)
