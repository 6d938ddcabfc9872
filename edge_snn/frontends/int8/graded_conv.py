"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int8."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge_snn.frontends.int8.layout import reshaped
from edge_snn.frontends.int8.scales import Broken, Scale, checked, clamp, multipliers
from edge_snn.frontends.int8.walk import AGAIN, Edge, Walk
from edge_snn.frontends.tflite_file import Operator, Tensor
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded_conv import GradedConv, dilated

SAME, VALID = 0, 1
BIAS_TOLERANCE = 0.02  # of a bias's scale, in steps of the output (kernel_util.cc)
MAX_WEIGHTS = 1 << 26


def padding_of(kind: int, size: int, window: int, stride: int) -> tuple[int, int]:
    """(before, after) that TFLite pads one axis of ``size`` by; the odd one goes behind."""
    if kind == VALID:
        return 0, 0
    if kind != SAME:
        raise Broken(f"has a padding of kind {kind}")
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def window(
    operator: Operator, shape: tuple[int, int, int], size: tuple[int, int], given: tuple[int, int, int, int]
) -> dict[str, Any]:
    """Stride and padding of a node whose window covers ``size``, with what a PAD left to it."""
    options = operator.options
    stride = (int(options["stride_y"]), int(options["stride_x"]))
    if min(stride) < 1:
        raise Broken(f"has strides of {stride[0]} and {stride[1]}")
    top, bottom = padding_of(options["padding"], shape[0], size[0], stride[0])
    left, right = padding_of(options["padding"], shape[1], size[1], stride[1])
    own = (top, left, bottom, right)
    return {"stride": stride, "padding": tuple(a + b for a, b in zip(own, given))}


def _weights(walk: Walk, operator: Operator, rank: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 weights of ``rank`` dimensions, and their scales, one or one a channel of ``axis``."""
    tensor = walk.tensor(operator, 1)
    if tensor.data is None or tensor.dtype != "int8" or tensor.data.ndim != rank or tensor.data.size == 0:
        what = "computed" if tensor.data is None and tensor.dtype == "int8" else f"{tensor.dtype} {list(tensor.shape)}"
        raise walk.refusal(operator, f"its weights are {what}, constant int8 of {rank} dimensions are expected", AGAIN)
    scale, zeros = checked(tensor, tensor.shape[axis])
    if zeros.any():
        raise Broken(f"its weights have a zero point of {int(zeros[zeros != 0][0])}, 0 is expected")
    if scale.size > 1 and tensor.quantisation is not None and tensor.quantisation.axis != axis:
        raise Broken(f"its weights have scales along axis {tensor.quantisation.axis}, axis {axis} is expected")
    return np.asarray(tensor.data, np.int8), scale


def _bias(walk: Walk, operator: Operator, channels: int) -> np.ndarray:
    """int32 [channels]; 0 where the layer has none."""
    if len(operator.inputs) < 3:
        return np.zeros(channels, np.int32)
    tensor = walk.tensor(operator, 2)
    if tensor.data is None or tensor.dtype != "int32" or tensor.data.size != channels:
        raise walk.refusal(operator, f"its bias is {tensor.dtype} {list(tensor.shape)}, int32 [{channels}] is expected")
    return np.asarray(tensor.data.reshape(-1), np.int32)


def _finish(
    operator: Operator, source: Scale, target: Scale, weight_scale: np.ndarray, channels: int, product: bool = False
) -> dict[str, Any]:
    """Fields of a node that say how its sums become codes.

    Args:
        product: input and weight scales are multiplied in float32, as FULLY_CONNECTED with one scale does.
    """
    low, high = clamp(target, operator.options["activation"])
    if product:
        reals = [float(source.scale * weight_scale[0]) / target.wide]
    else:
        reals = [source.wide * float(scale) / target.wide for scale in weight_scale]
    multiplier, shift = multipliers(reals * (channels // len(reals)))
    return {
        "zero": target.zero,
        "low": low,
        "high": high,
        "input_zero": source.zero,
        "multiplier": multiplier,
        "shift": shift,
    }


def _grouped(weight: np.ndarray, channels: int) -> np.ndarray:
    """Weights [kh, kw, cin / groups, cout] of groups of channels as those of one group, with zeros between."""
    kh, kw, own, cout = weight.shape
    groups = channels // own
    if own * groups != channels or cout % groups:
        raise Broken(f"its kernel takes {own} channels, its input has {channels}")
    if kh * kw * channels * cout > MAX_WEIGHTS:
        raise Broken(f"{groups} groups of channels make too many weights")
    whole = np.zeros((kh, kw, channels, cout), np.int8)
    each = cout // groups
    for group in range(groups):
        columns = slice(group * each, (group + 1) * each)
        whole[:, :, group * own : (group + 1) * own, columns] = weight[..., columns]
    return whole


def conv(walk: Walk, operator: Operator) -> Edge:
    """CONV_2D."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator, padded=True)
    walk.image(operator, x)
    data, weight_scale = _weights(walk, operator, 4, 0)
    weight = np.ascontiguousarray(data.transpose(1, 2, 3, 0))
    shape = walk.shape(edge)
    if weight.shape[2] != shape[2]:
        weight = _grouped(weight, shape[2])
    kh, kw, _, channels = weight.shape
    source, target = walk.scale(x), walk.scale(made)
    dilation = (int(operator.options["dilation_y"]), int(operator.options["dilation_x"]))
    if min(dilation) < 1:
        raise Broken(f"has dilations of {dilation[0]} and {dilation[1]}")
    node = GradedConv(
        walk.name("conv"),
        (edge.name,),
        weight=weight,
        bias=_bias(walk, operator, channels),
        dilation=dilation,
        **window(operator, shape, dilated((kh, kw), dilation), edge.padding),
        **_finish(operator, source, target, weight_scale, channels),
    )
    return walk.emit(node, target.wide)


def depthwise(walk: Walk, operator: Operator) -> Edge:
    """DEPTHWISE_CONV_2D, of any multiplier."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator, padded=True)
    walk.image(operator, x)
    data, weight_scale = _weights(walk, operator, 4, 3)
    shape = walk.shape(edge)
    first, kh, kw, channels = data.shape
    each = int(operator.options["multiplier"])
    if first != 1 or channels != shape[2] * each:
        raise Broken(
            f"its kernel {list(data.shape)} does not make {each} outputs of each of the {shape[2]} input channels"
        )
    source, target = walk.scale(x), walk.scale(made)
    dilation = (int(operator.options["dilation_y"]), int(operator.options["dilation_x"]))
    if min(dilation) < 1:
        raise Broken(f"has dilations of {dilation[0]} and {dilation[1]}")
    node = Depthwise(
        walk.name("depthwise"),
        (edge.name,),
        weight=np.ascontiguousarray(data.reshape(kh, kw, shape[2], each)),
        bias=_bias(walk, operator, channels),
        dilation=dilation,
        **window(operator, shape, dilated((kh, kw), dilation), edge.padding),
        **_finish(operator, source, target, weight_scale, channels),
    )
    return walk.emit(node, target.wide)


def fully_connected(walk: Walk, operator: Operator) -> Edge:
    """FULLY_CONNECTED: a convolution of 1x1 over the rows that its input makes."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    data, weight_scale = _weights(walk, operator, 2, 0)
    channels, inputs = data.shape
    if operator.options["weights_format"] != 0:
        raise Broken("its weights are shuffled, which no int8 model has")
    size = walk.specs[edge.name].size
    if size % inputs:
        raise Broken(f"its weights take {inputs} numbers, its input has {size}")
    source, target = walk.scale(x), walk.scale(made)
    bias = _bias(walk, operator, channels)
    if weight_scale.size == 1 and len(operator.inputs) > 2:
        _check_bias_scale(walk.tensor(operator, 2), source, float(weight_scale[0]), target)
    rows = reshaped(walk, edge, (1, size // inputs, inputs), source)
    node = GradedConv(
        walk.name("dense"),
        (rows.name,),
        weight=np.ascontiguousarray(data.T.reshape(1, 1, inputs, channels)),
        bias=bias,
        rounding=walk.rounding,
        **_finish(operator, source, target, weight_scale, channels, product=weight_scale.size == 1),
    )
    return reshaped(walk, walk.emit(node, target.wide), walk.wanted(operator), target)


def _check_bias_scale(bias: Tensor, source: Scale, weight: float, target: Scale) -> None:
    """TFLite takes a bias for one of the product's scale, and refuses another."""
    scale, _ = checked(bias)
    if abs(source.wide * weight - float(scale[0])) / target.wide > BIAS_TOLERANCE:
        raise Broken(
            f"its bias has the scale {float(scale[0]):g}, that of input times weights is {source.wide * weight:g}"
        )
