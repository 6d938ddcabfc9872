"""Recognises layers with weights: their arrays, geometry, and constants that fold into them."""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.tflite_file import Operator, TfliteFile

SAME, VALID = 0, 1
NO_ACTIVATION, RELU = 0, 1


def constant(file: TfliteFile, tensor: int) -> np.ndarray:
    """The values of a constant tensor; InputError when it is computed."""
    data = file.tensors[tensor].data
    if data is None:
        raise InputError("a constant is expected here", where=f"{file.path}: {file.tensors[tensor].name[:60]!r}")
    return data


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """(before, after) of TensorFlow's SAME padding along one axis."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def window_padding(
    operator: Operator, shape: tuple[int, ...], kernel: tuple[int, int], explicit: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of a convolution or pool on an input [.., H, W, C] of ``shape``."""
    if operator.options["padding"] == VALID:
        return explicit
    if any(explicit):
        raise ValueError("padded twice")
    top, bottom = same_padding(shape[-3], kernel[0], operator.options["stride_y"])
    left, right = same_padding(shape[-2], kernel[1], operator.options["stride_x"])
    return top, left, bottom, right


def conv_arrays(file: TfliteFile, operator: Operator) -> tuple[np.ndarray, np.ndarray]:
    """Weight [kh, kw, cin, cout] and bias [cout] of a CONV_2D (stored as [cout, kh, kw, cin])."""
    weight = np.ascontiguousarray(constant(file, operator.inputs[1]).transpose(1, 2, 3, 0), np.float32)
    return weight, _bias(file, operator, weight.shape[3])


def linear_arrays(file: TfliteFile, operator: Operator) -> tuple[np.ndarray, np.ndarray]:
    """Weight [cin, cout] and bias [cout] of a FULLY_CONNECTED (stored as [cout, cin])."""
    weight = np.ascontiguousarray(constant(file, operator.inputs[1]).T, np.float32)
    return weight, _bias(file, operator, weight.shape[1])


def _bias(file: TfliteFile, operator: Operator, channels: int) -> np.ndarray:
    if len(operator.inputs) < 3:
        return np.zeros(channels, np.float32)
    return constant(file, operator.inputs[2]).astype(np.float32).reshape(-1)


def per_channel(data: np.ndarray, channels: int) -> np.ndarray | None:
    """A constant as one number a channel, float32 [channels]; None when it varies over positions."""
    if data.dtype.kind != "f":
        return None
    if data.size == 1:
        return np.full(channels, data.reshape(-1)[0], np.float32)
    if data.size == channels and data.shape[-1] == channels:
        return data.reshape(channels).astype(np.float32)
    return None
