"""A Keras model of :mod:`edge_snn.models` as one plain PyTorch function, which ``torch.compile`` takes whole.

The Keras model stays the only definition: its layers are walked in order and each is computed with the same
formula. Weights are a flat list in the order of ``model.weights``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from edge_snn.errors import InputError
from edge_snn.models.neuron import rate_jumps
from edge_snn.training.grid import ONES, grid_of, inputs_of, rounded
from edge_snn.training.pool import max_pool

WHOLE = 1e-3  # of a unit


class _Spike(torch.autograd.Function):
    """The step, with the gradient of :func:`edge_snn.models.surrogate.ramp` as its own."""

    @staticmethod
    def forward(context: Any, membrane: Any, threshold: float, ternary: bool) -> Any:
        context.save_for_backward(membrane)
        context.threshold, context.ternary = threshold, ternary
        spikes = (membrane >= threshold).to(membrane.dtype)
        return spikes - (membrane <= -threshold).to(membrane.dtype) if ternary else spikes

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        (membrane,) = context.saved_tensors
        slope = 0.5 * (1.0 - (membrane - context.threshold).abs()).clamp_min(0.0)
        if context.ternary:
            slope = slope + 0.5 * (1.0 - (membrane + context.threshold).abs()).clamp_min(0.0)
        return gradient * slope, None, None


class _Rate(torch.autograd.Function):
    """The staircase of :class:`edge_snn.models.neuron.RateCoded`, and its gradient."""

    @staticmethod
    def forward(context: Any, current: Any, threshold: float, ternary: bool, jumps: Any) -> Any:
        context.save_for_backward(current)
        context.threshold, context.ternary, context.jumps = threshold, ternary, jumps

        def rate(x: Any) -> Any:
            return sum(jump * (x >= threshold / charge).to(x.dtype) for charge, jump in jumps)

        return rate(current) - rate(-current) if ternary else rate(current)

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        (current,) = context.saved_tensors
        threshold, jumps = context.threshold, context.jumps

        def slope(x: Any) -> Any:
            share = 0.5 / len(jumps)
            rising = sum(share * charge * (1.0 - (charge * x - threshold).abs()).clamp_min(0.0) for charge, _ in jumps)
            always = 0.5 * (1.0 - (x - threshold).abs()).clamp_min(0.0)
            return torch.where(x < threshold, rising, always)

        total = slope(current) + slope(-current) if context.ternary else slope(current)
        return gradient * total, None, None, None


@dataclass(frozen=True)
class Context:
    """What a layer is computed with.

    Attributes:
        training: batch statistics instead of moving ones.
        observe: batch statistics are returned, used or not.
        narrow: dtype of spikes and of the operands of convolutions and products; membranes, BatchNorm,
            rates and logits are float32 always.
        statistics: takes the mean and the variance of the batch of each BatchNorm.
        rates: takes the mean of |spikes| of each neuron layer.
        units: unit [channels] of a layer's integers, by its name (:mod:`edge_snn.training.grid`); empty without.
    """

    training: bool
    observe: bool
    narrow: Any
    statistics: list[Any]
    rates: list[Any]
    units: Mapping[str, Any]


def _straight(exact: Any, rounded: Any) -> Any:
    """The value of ``rounded`` with the gradient of ``exact``."""
    return exact + (rounded - exact).detach()


def _before(length: int, size: int, stride: int) -> tuple[int, int]:
    """(padding before, padding in all) of an axis, as TensorFlow pads for "same"."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total


def _padded(x: Any, size: int, stride: int) -> Any:
    (top, down), (left, right) = (_before(length, size, stride) for length in x.shape[2:])
    return F.pad(x, (left, right - left, top, down - top))


def _conv(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    kernel = weights[own[0]].to(context.narrow)
    groups = 1
    if type(layer).__name__ == "DepthwiseConv2D":
        groups = kernel.shape[2]
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    stride = layer.strides[0]
    x = _padded(x.to(context.narrow).permute(0, 3, 1, 2), kernel.shape[0], stride)
    return F.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride, groups=groups).permute(0, 2, 3, 1)


def _dense(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    if layer.use_bias:  # the head
        return x.float() @ weights[own[0]] + weights[own[1]]
    return x.to(context.narrow) @ weights[own[0]].to(context.narrow)


def _batch_norm(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    gamma, beta, mean, variance = (weights[index] for index in own)
    x = x.float()
    if context.training or context.observe:
        axes = list(range(x.ndim - 1))
        centre = x.mean(axes)
        spread = ((x * x).mean(axes) - centre * centre).clamp_min(0.0)
        context.statistics.extend([centre.detach(), spread.detach()])
        if context.training:
            mean, variance = centre, spread
    gain = gamma * torch.rsqrt(variance + layer.epsilon)
    bias, unit = beta - mean * gain, context.units.get(layer.name)
    if unit is not None:
        bias = _straight(bias, torch.round(bias / unit) * unit)
    return x * gain + bias


def _lif(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    residue, spikes, unit = None, [], context.units.get(layer.name)
    for current in x.float().chunk(layer.timesteps, 0):
        membrane = current if residue is None else residue + current
        fired = _Spike.apply(membrane, layer.threshold, layer.ternary)
        residue = layer.leak * membrane * (1.0 - fired.detach().abs())
        if unit is not None:  # shifts round down; a whole number in floats may lie just below itself
            residue = _straight(residue, torch.floor(residue / unit + WHOLE) * unit)
        spikes.append(fired)
    every = torch.cat(spikes, 0) if len(spikes) > 1 else spikes[0]
    context.rates.append(every.abs().mean())
    return every.to(context.narrow)


def _rate_coded(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    jumps = rate_jumps(layer.timesteps, layer.leak)
    rate = _Rate.apply(x.float(), layer.threshold, layer.ternary, jumps)
    context.rates.append(rate.abs().mean())
    return rate.to(context.narrow)


def _max_pool(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    size = layer.pool_size[0]
    x = x.permute(0, 3, 1, 2)
    down, right = (_before(length, size, 2)[0] for length in x.shape[2:])
    return max_pool(x, size, down, right)[0].permute(0, 2, 3, 1)


def _head_product(
    layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], q: Any, k: Any, v: Any
) -> Any:
    query, key, value = (
        x.to(context.narrow).reshape(x.shape[0], x.shape[1], layer.heads, -1).transpose(1, 2) for x in (q, k, v)
    )
    mixed = (query @ (key.transpose(2, 3) @ value)).transpose(1, 2).reshape(q.shape)
    return mixed if layer.scale == 1.0 else mixed * layer.scale


def _repeat(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    return torch.cat([x] * layer.timesteps, 0) if layer.timesteps > 1 else x


def _over_time(layer: Any, context: Context, weights: Sequence[Any], own: Sequence[int], x: Any) -> Any:
    return x.reshape(layer.timesteps, -1, x.shape[-1]).mean(0)


LAYERS: dict[str, Callable[..., Any]] = {
    "Rescaling": lambda layer, context, weights, own, x: x * layer.scale,
    "Conv2D": _conv,
    "DepthwiseConv2D": _conv,
    "Dense": _dense,
    "BatchNormalization": _batch_norm,
    "LIF": _lif,
    "RateCoded": _rate_coded,
    "RepeatInTime": _repeat,
    "MaxPooling2D": _max_pool,
    "Add": lambda layer, context, weights, own, x, y: x + y,
    "Multiply": lambda layer, context, weights, own, x, y: x * y,
    "Reshape": lambda layer, context, weights, own, x: x.reshape(x.shape[0], *layer.target_shape),
    "ReLU": lambda layer, context, weights, own, x: F.relu(x),
    "HeadProduct": _head_product,
    "TokenSum": lambda layer, context, weights, own, q, k: (q * k).sum(1, keepdim=True),
    "GlobalAveragePooling1D": lambda layer, context, weights, own, x: x.float().mean(1),
    "GlobalAveragePooling2D": lambda layer, context, weights, own, x: x.float().mean((1, 2)),
    "MeanOverTime": _over_time,
}


def lower(model: Any) -> tuple[Callable[..., tuple[Any, Any, list[Any]]], list[int]]:
    """Returns ``forward(weights, image, training, narrow)`` of a Keras model built without a rate loss.

    ``image`` is float32 [B, H, W, C], pixels 0..255. It returns the logits float32 [B, classes], the rates
    [neuron layers] (in the order of ``model.spike_layers``), and the batch's BatchNorm statistics (an empty
    list unless ``training`` or ``observe``). The second result is the indices of the weights that those
    statistics move. With ``bits`` (2 to 8) weights, biases and residues are rounded as the converter and the kernels
    do it, with the gradients of what was not.

    Raises:
        InputError: a layer that is not one of :data:`LAYERS`.
    """
    index = {id(weight): place for place, weight in enumerate(model.weights)}
    program, moving = [], []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        if kind not in LAYERS:
            raise InputError(f"the PyTorch engine has no layer {kind}", where=layer.name, hint="add --engine keras")
        own = [index[id(weight)] for weight in layer.weights]
        program.append((layer, LAYERS[kind], own, [id(x) for x in inputs_of(layer)], id(layer.output)))
        if kind == "BatchNormalization":
            moving += own[2:]
    image_id, logits_id = id(model.inputs[0]), id(model.outputs[0])
    names = [layer.name for layer, *_ in program if type(layer).__name__ in ("LIF", "RateCoded")]
    order = [names.index(name) for name in model.spike_layers]

    grid = grid_of(model)

    def round_all(weights: Sequence[Any], bits: int) -> tuple[list[Any], dict[str, Any]]:
        kernels, shared = rounded(grid, weights, bits, torch)
        used = [_straight(weight, kernels[at]) if at in kernels else weight for at, weight in enumerate(weights)]
        shared[ONES] = torch.ones(1)
        units = {name: (shared[own] * by).detach() for name, (own, by) in grid.units.items() if own in shared}
        return used, units

    def forward(
        weights: Sequence[Any], image: Any, training: bool, narrow: Any, observe: bool = False, bits: int = 0
    ) -> Any:
        weights, units = round_all(weights, bits) if bits else (weights, {})
        context = Context(training, observe, narrow, [], [], units)
        values = {image_id: image}
        for layer, compute, own, inputs, output in program:
            values[output] = compute(layer, context, weights, own, *(values[x] for x in inputs))
        rates = torch.stack([context.rates[place] for place in order]) if order else torch.zeros(0)
        return values[logits_id], rates, context.statistics

    return forward, moving
