"""Weights of few bits in training: the converter's own arithmetic, on a Keras model of :mod:`edge_snn.models`.

What the converter will do to the folded weights (:mod:`edge_snn.passes.scales`) is done to the unfolded ones: one
scale an output channel, the largest of all producers of a residual stream, one a head for K. Rounded weights are what
the forward pass sees; gradients go to the ones behind them, as if nothing had been rounded (straight-through). The file
that is exported has the rounded weights, so that ``edge-snn convert --weight-bits`` finds them again and loses nothing.

The functions take NumPy arrays or PyTorch tensors; ``xp`` is the module of theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_snn.passes.scales import FULL_BITS

SMALLEST_GAIN = 1e-12
# Step of the uniform quantiser of 2^bits - 1 levels that errs least on a normal distribution of spread 1 (a test
# computes them). The largest weight is some 3.5 of them, so that without a clip most of few levels would lie idle.
STEPS = {2: 1.224, 3: 0.651, 4: 0.353, 5: 0.193, 6: 0.105, 7: 0.057}


@dataclass(frozen=True)
class Kernel:
    """A kernel of the model, and what decides its scale.

    Attributes:
        index: among ``model.weights``.
        norm: indices of gamma and the moving variance of its BatchNorm; () for the readout.
        epsilon: of that BatchNorm.
        group: number of the current that it makes; kernels of one residual stream have the same.
        bits: fixed number of bits (that of pixels and the readout: their rows are not packed), or 0.
    """

    index: int
    norm: tuple[int, ...]
    epsilon: float
    group: int
    bits: int = 0


@dataclass(frozen=True)
class Grid:
    """All kernels of a model.

    Attributes:
        kernels: in the order of the model.
        heads: of groups in front of the ReLU of a K, which has one scale a head.
        units: by name of a BatchNorm (its sums) or neuron layer (its current), the group whose scale, times a
            factor, is its unit. The group of an attention whose K are spikes is :data:`ONES`.
    """

    kernels: tuple[Kernel, ...]
    heads: Mapping[int, int]
    units: Mapping[str, tuple[int, float]]


ONES = -1  # the group of spikes, whose unit is 1
TIES = ("Add", "MaxPooling2D", "ReLU", "Reshape", "RepeatInTime")


def inputs_of(layer: Any) -> list[Any]:
    """Tensors that go into a Keras layer."""
    return list(layer.input) if isinstance(layer.input, (list, tuple)) else [layer.input]


def grid_of(model: Any) -> Grid:
    """Finds kernels and groups of a Keras model by following its tensors."""
    index = {id(weight): place for place, weight in enumerate(model.weights)}
    parent: dict[int, int] = {}

    def find(value: int) -> int:
        parent.setdefault(value, value)
        while parent[value] != value:
            value = parent[value]
        return value

    made: dict[int, Any] = {}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        made[id(layer.output)] = layer
        if type(layer).__name__ in TIES:
            for x in inputs_of(layer):
                parent[find(id(x))] = find(id(layer.output))
    roots: dict[int, int] = {}

    def group(value: int) -> int:
        return roots.setdefault(find(value), len(roots))

    kernels: list[Kernel] = []
    heads: dict[int, int] = {}
    units: dict[str, tuple[int, float]] = {}
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "BatchNormalization":
            source = made[id(layer.input)]
            gamma, _, _, variance = (index[id(weight)] for weight in layer.weights)
            pixels = type(made.get(id(source.input))).__name__ == "Rescaling"
            own = group(id(layer.output))
            bits = FULL_BITS if pixels else 0
            kernels.append(Kernel(index[id(source.weights[0])], (gamma, variance), layer.epsilon, own, bits))
            units[layer.name] = own, 1.0
        elif kind == "Dense" and layer.use_bias:
            kernels.append(Kernel(index[id(layer.weights[0])], (), 0.0, group(id(layer.output)), FULL_BITS))
        elif kind == "HeadProduct" and type(made[id(inputs_of(layer)[1])]).__name__ == "ReLU":
            heads[group(id(inputs_of(layer)[1]))] = layer.heads
        elif kind == "LIF":
            source = made[id(layer.input)]
            if type(source).__name__ == "HeadProduct":
                key = id(inputs_of(source)[1])
                relu = type(made[key]).__name__ == "ReLU"
                units[layer.name] = group(key) if relu else ONES, float(source.scale)
            else:
                units[layer.name] = group(id(layer.input)), 1.0
    return Grid(tuple(kernels), heads, units)


def _own_scale(xp: Any, kernel: Kernel, weight: Any, bits: int) -> Any:
    """Scale that one kernel would choose for itself, in its own units: [channels], or [1] for the readout."""
    flat = abs(weight).reshape(-1, weight.shape[-1] if kernel.norm else 1)
    scale = xp.amax(flat, 0) / (2 ** (bits - 1) - 1)
    if bits in STEPS:
        scale = xp.minimum(scale, STEPS[bits] * xp.sqrt((flat * flat).mean(0)))
    return scale


def scales(grid: Grid, weights: Sequence[Any], bits: int, xp: Any = np) -> tuple[list[Any], dict[int, Any]]:
    """Scale [channels] of each kernel in its own units, and of each group of currents in units of its sums."""
    own: list[Any] = []
    gains: list[Any] = []
    shared: dict[int, Any] = {}
    for kernel in grid.kernels:
        scale = _own_scale(xp, kernel, weights[kernel.index], kernel.bits or bits)
        own.append(scale)
        gains.append(None)
        if kernel.norm and not kernel.bits:
            gamma, variance = (weights[place] for place in kernel.norm)
            gains[-1] = xp.clip(abs(gamma) / xp.sqrt(variance + kernel.epsilon), SMALLEST_GAIN, None)
            folded = scale * gains[-1]
            shared[kernel.group] = xp.maximum(shared[kernel.group], folded) if kernel.group in shared else folded
    for group, heads in grid.heads.items():
        if group in shared:
            largest = xp.amax(shared[group].reshape(heads, -1), 1)
            width = shared[group].shape[0] // heads
            shared[group] = xp.stack([largest] * width, 1).reshape(-1)
    return [
        scale if gain is None else shared[kernel.group] / gain for kernel, scale, gain in zip(grid.kernels, own, gains)
    ], shared


def rounded(grid: Grid, weights: Sequence[Any], bits: int, xp: Any = np) -> tuple[dict[int, Any], dict[int, Any]]:
    """Kernels on the grid of ``bits`` bits (2 to 8) by index, and the scales of the groups."""
    found, shared = scales(grid, weights, bits, xp)
    result = {}
    for kernel, scale in zip(grid.kernels, found):
        limit = 2 ** ((kernel.bits or bits) - 1) - 1
        safe = xp.clip(scale, SMALLEST_GAIN, None)
        result[kernel.index] = xp.clip(xp.round(weights[kernel.index] / safe), -limit, limit) * safe
    return result, shared


def snapped(model: Any, bits: int) -> list[np.ndarray]:
    """All weights of a Keras model, its kernels on the grid of ``bits`` bits."""
    weights = [np.asarray(value, np.float64) for value in model.get_weights()]
    kernels, _ = rounded(grid_of(model), weights, bits)
    return [kernels.get(place, value).astype(np.float32) for place, value in enumerate(weights)]
