"""Recognises convolutions, and folds what is done to the pixels before the first one."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.linear import activated
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import NO_PADDING, Edge, Padding, Pixels, Value
from edge_snn.frontends.walk import Walk
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import INPUT

SAME, VALID = 0, 1
MAX_STRIDE = 16


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """(before, after) of TensorFlow's SAME padding along one axis."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def strides(walk: Walk, operator: Operator) -> tuple[int, int]:
    """(sy, sx), each from 1 to 16."""
    found = (int(operator.options["stride_y"]), int(operator.options["stride_x"]))
    if not all(1 <= stride <= MAX_STRIDE for stride in found):
        raise walk.refusal(operator, f"has strides of {found[0]} and {found[1]}, 1 to {MAX_STRIDE} are taken")
    return found


def window_padding(
    walk: Walk, operator: Operator, size: tuple[int, int], kernel: tuple[int, int], explicit: Padding
) -> Padding:
    """(top, left, bottom, right) of a convolution or pool on an image of ``size``, padded by ``explicit`` before."""
    if operator.options["padding"] == VALID:
        return explicit
    if any(explicit) or operator.options["padding"] != SAME:
        raise walk.refusal(operator, "pads an image that was padded before")
    sy, sx = strides(walk, operator)
    top, bottom = same_padding(size[0], kernel[0], sy)
    left, right = same_padding(size[1], kernel[1], sx)
    return top, left, bottom, right


def conv(walk: Walk, operator: Operator) -> Value:
    """CONV_2D of the image or of spikes."""
    options = operator.options
    if (options["dilation_y"], options["dilation_x"]) != (1, 1):
        raise walk.refusal(operator, "has a dilation")
    value = walk.value(operator, 0)
    weight = walk.floats(operator, 1, 4).transpose(1, 2, 3, 0).astype(np.float64)  # stored as [cout, kh, kw, cin]
    bias = np.zeros(weight.shape[3])
    if len(operator.inputs) > 2:
        bias = walk.floats(operator, 2, 1).astype(np.float64)
    if isinstance(value, Pixels):
        source, explicit = INPUT, value.padding
        _check_image(walk, operator, value)
    else:
        edge = walk.edge(operator, 0, padded=True, scaled=True)
        walk.natural(operator, 0, edge, spatial=True)
        source, explicit = edge.name, edge.padding
        if any(explicit) and edge.padded_with != 0.0:
            raise walk.refusal(operator, f"its input is padded with {edge.padded_with:g}, only 0 can be taken")
    image = walk.specs[source].shape
    if weight.shape[2] != image[2]:
        raise walk.refusal(operator, f"its kernel takes {weight.shape[2]} channels of {image[2]} (groups?)")
    padding = window_padding(walk, operator, image[:2], (weight.shape[0], weight.shape[1]), explicit)
    scale = value.scale if isinstance(value, (Pixels, Edge)) else None
    if isinstance(value, Pixels):
        if any(padding) and np.any(value.offset != 0):
            raise walk.refusal(
                operator,
                "pads an image that was shifted, so that its border is not black",
                "divide pixels by 255 only; BatchNorm takes the mean",
            )
        bias = bias + np.einsum("abkc,k->c", weight, value.offset)
    if scale is not None:
        weight = weight * scale[:, None]
    name = walk.name("conv")
    stride = strides(walk, operator)
    node = Conv2D(name, (source,), weight.astype(np.float32), bias.astype(np.float32), stride, padding)
    return activated(walk, operator, walk.emit(node, operator))


def _check_image(walk: Walk, operator: Operator, pixels: Pixels) -> None:
    shape, image = walk.shape(operator.inputs[0]), walk.specs[INPUT].shape
    if pixels.padding == NO_PADDING and shape[1:] != image:
        raise walk.refusal(operator, f"takes an image of {list(image)} as {list(shape)}")
