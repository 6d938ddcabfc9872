"""The attributes of operators that this project reads: of which table of the schema, by which accessor."""

from __future__ import annotations

import struct

# A table without fields: all of them are at their defaults.
EMPTY_TABLE = struct.pack("<HHi", 4, 4, 4)

# Operator kind -> (options class, {our name: accessor}).
OPTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "CONV_2D": (
        "Conv2DOptions",
        {
            "padding": "Padding",
            "stride_y": "StrideH",
            "stride_x": "StrideW",
            "activation": "FusedActivationFunction",
            "dilation_y": "DilationHFactor",
            "dilation_x": "DilationWFactor",
        },
    ),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        {
            "padding": "Padding",
            "stride_y": "StrideH",
            "stride_x": "StrideW",
            "multiplier": "DepthMultiplier",
            "activation": "FusedActivationFunction",
            "dilation_y": "DilationHFactor",
            "dilation_x": "DilationWFactor",
        },
    ),
    "MAX_POOL_2D": (
        "Pool2DOptions",
        {
            "padding": "Padding",
            "stride_y": "StrideH",
            "stride_x": "StrideW",
            "size_y": "FilterHeight",
            "size_x": "FilterWidth",
            "activation": "FusedActivationFunction",
        },
    ),
    "AVERAGE_POOL_2D": (
        "Pool2DOptions",
        {
            "padding": "Padding",
            "stride_y": "StrideH",
            "stride_x": "StrideW",
            "size_y": "FilterHeight",
            "size_x": "FilterWidth",
            "activation": "FusedActivationFunction",
        },
    ),
    "FULLY_CONNECTED": (
        "FullyConnectedOptions",
        {"activation": "FusedActivationFunction", "weights_format": "WeightsFormat"},
    ),
    "ADD": ("AddOptions", {"activation": "FusedActivationFunction"}),
    "SUB": ("SubOptions", {"activation": "FusedActivationFunction"}),
    "MUL": ("MulOptions", {"activation": "FusedActivationFunction"}),
    "DIV": ("DivOptions", {"activation": "FusedActivationFunction"}),
    "CONCATENATION": ("ConcatenationOptions", {"axis": "Axis", "activation": "FusedActivationFunction"}),
    "BATCH_MATMUL": ("BatchMatMulOptions", {"adjoint_x": "AdjX", "adjoint_y": "AdjY"}),
    "GATHER": ("GatherOptions", {"axis": "Axis", "batch_dims": "BatchDims"}),
    "STRIDED_SLICE": (
        "StridedSliceOptions",
        {
            "begin": "BeginMask",
            "end": "EndMask",
            "ellipsis": "EllipsisMask",
            "new_axis": "NewAxisMask",
            "shrink": "ShrinkAxisMask",
        },
    ),
    "SOFTMAX": ("SoftmaxOptions", {"beta": "Beta"}),
    "LEAKY_RELU": ("LeakyReluOptions", {"alpha": "Alpha"}),
    "MEAN": ("ReducerOptions", {"keep": "KeepDims"}),
    "PACK": ("PackOptions", {"axis": "Axis"}),
    "UNPACK": ("UnpackOptions", {"axis": "Axis"}),
}
