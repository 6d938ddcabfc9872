"""First weights of a run from a trained ``.tflite``, whose BatchNorms are folded: they are unfolded again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge_snn import frontends
from edge_snn.errors import InputError
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.linear import Linear
from edge_snn.graph.readout import Readout
from edge_snn.training.lowering import lower

IMAGES = 512
BATCH = 64

NAMES = (
    (r"conv([1-4])", r"stage\1_conv"),
    (r"conv5", "rpe_conv"),
    (r"(block\d+)\.([qkv])", r"\1_attention_\2"),
    (r"(block\d+)\.(proj|fc1|fc2)", r"\1_\2"),
    (r"head", "head"),
)


def _layer_name(node: str) -> str:
    for pattern, name in NAMES:
        if re.fullmatch(pattern, node):
            return re.sub(pattern, name, node)
    return ""


def _set(model: Any, arrays: dict[str, np.ndarray], path: Path) -> None:
    values = []
    for weight in model.weights:
        value = arrays[weight.path]
        if value.shape != tuple(weight.shape):
            got, want = (list(shape) for shape in (value.shape, weight.shape))
            raise InputError(f"{weight.path} is {got}, not {want}: a model of another size", where=str(path))
        values.append(value.astype(np.float32))
    model.set_weights(values)


def warm_start(model: Any, path: Path, images: np.ndarray) -> None:
    """Gives a Keras model (built without rate loss) the weights of a ``.tflite`` of the same network and T.

    A folded kernel is brought to the spread of Glorot's initial values; gamma, beta, and the moving statistics
    are those by which the network computes the same on ``images`` in training mode as well.

    Args:
        images: training images uint8 [B, H, W, C] of the model's size; the first :data:`IMAGES` are used.

    Raises:
        InputError: the file is not of this network.
    """
    graph = frontends.read(path).graph
    nodes = {_layer_name(node.name): node for node in graph.nodes if isinstance(node, (Conv2D, Linear, Readout))}
    arrays: dict[str, np.ndarray] = {}
    scales: dict[str, float] = {}
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "Dense"):
            if layer.name not in nodes:
                raise InputError(f"has no layer {layer.name}: a model of another size", where=str(path))
            kernel, bias = nodes[layer.name].weight, nodes[layer.name].bias
            if layer.name == "head":
                arrays[layer.weights[0].path], arrays[layer.weights[1].path] = kernel, bias
                continue
            taps = int(np.prod(kernel.shape[:-2]))
            spread = np.sqrt(2.0 / (taps * (kernel.shape[-2] + kernel.shape[-1])))
            scales[layer.name] = float(spread / kernel.std())
            arrays[layer.weights[0].path] = kernel * scales[layer.name]
            # Pixels are divided by 255 in front of the first convolution of the Keras model.
            gain = (255.0 if layer.name == "stage1_conv" else 1.0) / scales[layer.name]
            norm = model.get_layer(f"{layer.name}_bn")
            one = np.ones(kernel.shape[-1])
            folded = (one * gain, bias, 0 * one, one - norm.epsilon)
            arrays.update({weight.path: value for weight, value in zip(norm.weights, folded)})
    _set(model, arrays, path)
    _unfold(model, arrays, images)
    _set(model, arrays, path)


def _unfold(model: Any, arrays: dict[str, np.ndarray], images: np.ndarray) -> None:
    """Moving statistics that are those of the images, and gamma and beta that take them back."""
    forward, moving = lower(model)
    weights = [torch.tensor(value) for value in model.get_weights()]
    paths = [model.weights[place].path for place in moving]
    sums: list[np.ndarray] = [np.zeros(1)] * len(moving)
    starts = range(0, min(len(images), IMAGES), BATCH)
    with torch.no_grad():
        for start in starts:
            image = torch.from_numpy(images[start : start + BATCH].astype(np.float32))
            found = [value.double().numpy() for value in forward(weights, image, False, torch.float32, observe=True)[2]]
            for at in range(0, len(found), 2):
                found[at + 1] += found[at] ** 2
            sums = [total + value / len(starts) for total, value in zip(sums, found)]
    statistics = dict(zip(paths, sums))
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            gamma, beta, mean, variance = (weight.path for weight in layer.weights)
            centre = statistics[mean]
            spread = np.maximum(statistics[variance] - centre**2, 0.0)
            arrays[mean], arrays[variance] = centre, spread
            arrays[beta] = arrays[beta] + arrays[gamma] * centre
            arrays[gamma] = arrays[gamma] * np.sqrt(spread + layer.epsilon)
