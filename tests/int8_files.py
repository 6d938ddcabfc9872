"""Writes int8 ``.tflite`` files without TensorFlow: operator by operator, or random networks of all operators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import tflite

from edge_snn.frontends.tflite_options import OPTIONS

TYPES = {"float32": 0, "int32": 2, "uint8": 3, "int64": 4, "int16": 7, "int8": 9}
SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = 0, 1, 2, 3


@dataclass
class TensorPart:
    """One tensor: ``scale`` is a number or one a channel of ``axis``, or None."""

    shape: tuple[int, ...]
    dtype: str
    scale: Any = None
    zero: Any = 0
    data: np.ndarray | None = None
    axis: int = 0


class Int8File:
    """A file in the making. Methods return the numbers of tensors."""

    def __init__(self) -> None:
        self.tensors: list[TensorPart] = []
        self.operators: list[tuple[str, list[int], list[int], dict[str, Any]]] = []
        self.source = -1

    def tensor(self, shape: tuple[int, ...], dtype: str = "int8", scale: Any = None, zero: Any = 0) -> int:
        """A tensor that is computed."""
        self.tensors.append(TensorPart(tuple(shape), dtype, scale, zero))
        return len(self.tensors) - 1

    def input(self, shape: tuple[int, ...], dtype: str = "int8", scale: Any = 0.05, zero: int = 0) -> int:
        """The input; float32 has no scale."""
        self.source = self.tensor(shape, dtype, None if dtype == "float32" else scale, zero)
        return self.source

    def constant(self, data: np.ndarray, scale: Any = None, zero: Any = 0, axis: int = 0) -> int:
        """A tensor that does not change."""
        self.tensors.append(TensorPart(data.shape, data.dtype.name, scale, zero, np.ascontiguousarray(data), axis))
        return len(self.tensors) - 1

    def add(self, kind: str, inputs: list[int], shape: tuple[int, ...], scale: Any, zero: int = 0, **more: Any) -> int:
        """An operator that makes one tensor; ``more`` are its options, and ``dtype`` of what it makes."""
        made = self.tensor(shape, more.pop("dtype", "int8"), scale, zero)
        self.operators.append((kind, inputs, [made], more))
        return made

    def like(self, tensor: int, **changes: Any) -> tuple[tuple[int, ...], Any, int]:
        """(shape, scale, zero) of a tensor, some of them changed: the end of :meth:`add`'s arguments."""
        part = self.tensors[tensor]
        return changes.get("shape", part.shape), changes.get("scale", part.scale), changes.get("zero", part.zero)

    def bytes(self, *outputs: int) -> bytes:
        """The file; by default its output is what the last operator made."""
        builder = flatbuffers.Builder(1024)
        ends = outputs or (self.operators[-1][2][0],)
        codes = sorted({kind for kind, *_ in self.operators})
        buffers = [b""] + [b"" if part.data is None else _little(part.data) for part in self.tensors]
        made = [self._tensor(builder, part, index) for index, part in enumerate(self.tensors)]
        operators = [self._operator(builder, codes, *operator) for operator in self.operators]
        graph = _table(
            builder,
            "SubGraph",
            Tensors=_offsets(builder, made),
            Inputs=_ints(builder, (self.source,)),
            Outputs=_ints(builder, ends),
            Operators=_offsets(builder, operators),
        )
        model = _table(
            builder,
            "Model",
            Version=3,
            OperatorCodes=_offsets(builder, [_code(builder, kind) for kind in codes]),
            Subgraphs=_offsets(builder, [graph]),
            Buffers=_offsets(builder, [_buffer(builder, data) for data in buffers]),
        )
        builder.Finish(model, b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, builder: flatbuffers.Builder, part: TensorPart, index: int) -> int:
        fields: dict[str, Any] = {"Shape": _ints(builder, part.shape), "Name": builder.CreateString(f"t{index}")}
        if part.scale is not None:
            scale = np.atleast_1d(np.asarray(part.scale, np.float32))
            zeros = np.broadcast_to(np.asarray(part.zero, np.int64), scale.shape)
            fields["Quantization"] = _table(
                builder,
                "QuantizationParameters",
                Scale=builder.CreateNumpyVector(scale),
                ZeroPoint=builder.CreateNumpyVector(np.ascontiguousarray(zeros)),
                QuantizedDimension=part.axis,
            )
        return _table(
            builder, "Tensor", Type=TYPES[part.dtype], Buffer=1 + index if part.data is not None else 0, **fields
        )

    def _operator(
        self,
        builder: flatbuffers.Builder,
        codes: list[str],
        kind: str,
        inputs: list[int],
        outputs: list[int],
        options: Any,
    ) -> int:
        fields: dict[str, Any] = {"Inputs": _ints(builder, inputs), "Outputs": _ints(builder, outputs)}
        if kind in OPTIONS:
            name, accessors = OPTIONS[kind]
            fields["BuiltinOptions"] = _table(builder, name, **{accessors[key]: options[key] for key in options})
            fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, name)
        return _table(builder, "Operator", OpcodeIndex=codes.index(kind), **fields)


def _little(data: np.ndarray) -> bytes:
    return data.astype(data.dtype.newbyteorder("<")).tobytes()


def _table(builder: flatbuffers.Builder, name: str, **fields: Any) -> int:
    getattr(tflite, f"{name}Start")(builder)
    for key, value in fields.items():
        getattr(tflite, f"{name}Add{key}")(builder, value)
    return int(getattr(tflite, f"{name}End")(builder))


def _code(builder: flatbuffers.Builder, kind: str) -> int:
    code = getattr(tflite.BuiltinOperator, kind)
    return _table(builder, "OperatorCode", DeprecatedBuiltinCode=min(code, 127), BuiltinCode=code, Version=1)


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    fields = {"Data": builder.CreateByteVector(data)} if data else {}
    return _table(builder, "Buffer", **fields)


def _ints(builder: flatbuffers.Builder, values: Any) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.int32)))


def _offsets(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def windows(size: int, window: int, stride: int, padding: int) -> int:
    """Positions of a window along an axis, as TensorFlow counts them."""
    return -(-size // stride) if padding == SAME else (size - window) // stride + 1


class Maker(Int8File):
    """Random networks. Each method adds an operator behind a tensor [1, height, width, channels] of int8."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.rng = np.random.default_rng(seed)

    def pick(self, *choices: Any) -> Any:
        """One of the choices."""
        return choices[int(self.rng.integers(len(choices)))]

    def real(self, low: float, high: float) -> float:
        """A float32 number between, evenly in its logarithm."""
        return float(np.float32(math.exp(self.rng.uniform(math.log(low), math.log(high)))))

    def zero(self) -> int:
        """A zero point: at the ends as often as between."""
        return int(self.pick(-128, -128, 127, 0, self.rng.integers(-128, 128)))

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return self.tensors[tensor].shape

    def weights(self, shape: tuple[int, ...], axis: int, per_channel: bool) -> tuple[int, np.ndarray]:
        """Weights, and their scales; some are small, some sparse, some at the ends."""
        style = self.rng.integers(4)
        data = self.rng.integers(-127, 128, shape)
        if style == 1:
            data = np.clip(np.round(self.rng.normal(0, 9, shape)), -127, 127)
        if style == 2:
            data = data * (self.rng.random(shape) < 0.3)
        if style == 3:
            data = self.rng.choice([-127, 0, 127], shape)
        channels = shape[axis]
        scale = np.array([self.real(0.001, 0.02) for _ in range(channels if per_channel else 1)], np.float32)
        if per_channel and channels > 2 and self.rng.random() < 0.4:
            scale[int(self.rng.integers(channels))] = self.pick(1e-12, 1e-7, 1e-30)  # a dead channel
        return self.constant(data.astype(np.int8), scale, 0, axis), scale

    def layer(self, kind: str, x: int, weight: int, scale: np.ndarray, shape: tuple[int, ...], **options: Any) -> int:
        """The rest of a layer with weights: a bias that matters, an output scale that spreads its sums."""
        part = self.tensors[weight]
        assert part.data is not None
        per_output = part.data.size // shape[-1]
        source = float(self.tensors[x].scale)
        typical = float(np.median(scale))
        spread = 70.0 * max(float(np.std(part.data)), 1.0) * math.sqrt(per_output)
        bias = self.rng.normal(0, spread, shape[-1])
        bias[np.broadcast_to(scale < 1e-6, bias.shape)] *= 1e5  # a dead channel's bias decides it
        inputs = [x, weight]
        if self.rng.random() < 0.85:
            data = np.clip(bias, -(1 << 30), 1 << 30).astype(np.int32)
            inputs.append(self.constant(data, np.float32(source) * scale, 0))
        out = float(np.float32(source * typical * spread / self.real(10, 120)))
        return self.add(kind, inputs, shape, out, self.zero(), activation=self.pick(0, 0, 1, 1, 2, 3), **options)

    def _window(self, x: int, largest: int = 4) -> tuple[tuple[int, int], dict[str, Any], tuple[int, int]]:
        """Kernel size, options, output size."""
        _, height, width, _ = self._shape(x)
        kernel = (int(self.rng.integers(1, largest)), int(self.rng.integers(1, largest)))
        dilation = (int(self.pick(1, 1, 1, 2, 3)), int(self.pick(1, 1, 1, 2)))
        covered = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation))
        padding = SAME if covered[0] > height or covered[1] > width else int(self.pick(SAME, VALID))
        stride = (int(self.pick(1, 1, 2, 3)), int(self.pick(1, 1, 2)))
        options = {"padding": padding, "stride_y": stride[0], "stride_x": stride[1]}
        options |= {"dilation_y": dilation[0], "dilation_x": dilation[1]}
        out = (windows(height, covered[0], stride[0], padding), windows(width, covered[1], stride[1], padding))
        return kernel, options, out

    def conv(self, x: int, channels: int = 0) -> int:
        kernel, options, out = self._window(x)
        channels = channels or int(self.pick(1, 3, 8, 16, 17))
        shape = (channels, *kernel, self._shape(x)[3])
        weight, scale = self.weights(shape, 0, bool(self.pick(True, False)))
        return self.layer("CONV_2D", x, weight, scale, (1, *out, channels), **options)

    def depthwise(self, x: int) -> int:
        kernel, options, out = self._window(x)
        each = int(self.pick(1, 1, 1, 2, 3))
        channels = self._shape(x)[3] * each
        weight, scale = self.weights((1, *kernel, channels), 3, bool(self.pick(True, True, False)))
        return self.layer("DEPTHWISE_CONV_2D", x, weight, scale, (1, *out, channels), multiplier=each, **options)

    def dense(self, x: int, channels: int = 0) -> int:
        """FULLY_CONNECTED of all numbers."""
        channels = channels or int(self.pick(2, 5, 10, 16))
        weight, scale = self.weights((channels, math.prod(self._shape(x))), 0, bool(self.pick(True, False, False)))
        return self.layer("FULLY_CONNECTED", x, weight, scale, (1, channels))

    def sum(self, kind: str, a: int, b: int) -> int:
        """ADD or SUB of tensors of one shape."""
        reach = 128 * (float(self.tensors[a].scale) + float(self.tensors[b].scale))
        out = float(np.float32(reach / self.real(60, 200)))
        return self.add(kind, [a, b], self._shape(a), out, self.zero(), activation=self.pick(0, 0, 1, 3))

    def pool(self, x: int) -> int:
        _, height, width, channels = self._shape(x)
        size = (int(self.rng.integers(1, min(height, 4) + 1)), int(self.rng.integers(1, min(width, 4) + 1)))
        padding, stride = int(self.pick(SAME, VALID)), (int(self.pick(1, 2)), int(self.pick(1, 2, 3)))
        out = (windows(height, size[0], stride[0], padding), windows(width, size[1], stride[1], padding))
        options = {"padding": padding, "stride_y": stride[0], "stride_x": stride[1]}
        options |= {"size_y": size[0], "size_x": size[1], "activation": self.pick(0, 0, 1, 3)}
        return self.add(
            self.pick("MAX_POOL_2D", "AVERAGE_POOL_2D"), [x], *self.like(x, shape=(1, *out, channels)), **options
        )

    def mean(self, x: int, axes: tuple[int, ...] = (1, 2), keep: bool = True) -> int:
        shape = self._shape(x)
        out = tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes)
        scale = float(self.tensors[x].scale) * self.pick(1.0, self.real(0.2, 2.0))
        operands = [x, self.constant(np.array(axes, np.int32))]
        return self.add("MEAN", operands, out, float(np.float32(scale)), self.zero(), keep=keep)

    def pad(self, x: int, value: int | None = None) -> int:
        pairs = np.zeros((4, 2), np.int32)
        pairs[1:3] = self.rng.integers(0, 3, (2, 2))
        if self.rng.random() < 0.3:
            pairs[3] = self.rng.integers(0, 3, 2)
        shape = tuple(int(size + before + after) for size, (before, after) in zip(self._shape(x), pairs))
        operands = [x, self.constant(pairs)]
        if value is not None:
            operands.append(self.constant(np.array(value, np.int8), self.tensors[x].scale, self.tensors[x].zero))
        return self.add("PAD" if value is None else "PADV2", operands, *self.like(x, shape=shape))

    def cut(self, x: int) -> int:
        """STRIDED_SLICE of constants."""
        shape = self._shape(x)
        begin = [0, *(int(self.rng.integers(0, max(size // 2, 1))) for size in shape[1:])]
        step = [1, *(int(self.pick(1, 1, 2)) for _ in shape[1:])]
        end = [1, *(int(self.rng.integers(start + 1, size + 1)) for start, size in zip(begin[1:], shape[1:]))]
        out = tuple(len(range(*part)) for part in zip(begin, end, step))
        operands = [x, *(self.constant(np.array(part, np.int32)) for part in (begin, end, step))]
        return self.add("STRIDED_SLICE", operands, *self.like(x, shape=out), begin=0, end=0)

    def concat(self, parts: list[int], axis: int) -> int:
        shape = list(self._shape(parts[0]))
        shape[axis] = sum(self._shape(part)[axis] for part in parts)
        axis = int(self.pick(axis, axis - len(shape)))
        return self.add("CONCATENATION", parts, *self.like(parts[0], shape=tuple(shape)), axis=axis, activation=0)

    def reshape(self, x: int, shape: tuple[int, ...]) -> int:
        return self.add("RESHAPE", [x, self.constant(np.array(shape, np.int32))], *self.like(x, shape=shape))

    def pointwise(self, x: int, kind: str = "") -> int:
        """RELU and its kin, or another scale."""
        kind = kind or self.pick("RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH", "QUANTIZE")
        source = float(self.tensors[x].scale)
        if kind == "LOGISTIC":
            return self.add(kind, [x], self._shape(x), 1 / 256, -128)
        if kind == "TANH":
            return self.add(kind, [x], self._shape(x), 1 / 128, 0)
        if kind == "RELU6":
            return self.add(kind, [x], *self.like(x))
        options = {"alpha": self.pick(0.1, 0.25, self.real(0.01, 2))} if kind == "LEAKY_RELU" else {}
        return self.add(
            kind, [x], self._shape(x), float(np.float32(source * self.real(0.5, 3))), self.zero(), **options
        )

    def softmax(self, x: int) -> int:
        return self.add("SOFTMAX", [x], self._shape(x), 1 / 256, -128, beta=1.0)

    def recode(self, x: int, like: int) -> int:
        """QUANTIZE to the scale and zero point of another tensor."""
        return self.add("QUANTIZE", [x], self._shape(x), *self.like(like)[1:])


def random_network(seed: int, operators: int = 8) -> Maker:
    """A directed graph of all operators that ends in a layer of few outputs, some in a softmax."""
    net = Maker(seed)
    shape = (1, int(net.pick(4, 7, 8, 11)), int(net.pick(4, 6, 9)), int(net.pick(1, 2, 3, 8)))
    dtype = net.pick("int8", "int8", "uint8", "float32")
    x = net.input(shape, dtype, net.real(0.005, 0.1), 5 if dtype == "uint8" else net.zero())
    if dtype != "int8":
        x = net.add("QUANTIZE", [x], shape, net.real(0.005, 0.1), net.zero())
    live = [x]
    for _ in range(operators):
        x = live[-1] if net.rng.random() < 0.7 else live[int(net.rng.integers(len(live)))]
        live.append(_grow(net, x, live))
    x = live[-1]
    if len(net.tensors[x].shape) == 4 and net.rng.random() < 0.5:
        x = net.mean(x, keep=bool(net.pick(True, False)))
    x = net.dense(x)
    if net.rng.random() < 0.5:
        x = net.softmax(x)
    ending = net.pick("int8", "int8", "uint8", "float32")
    if ending == "uint8":
        shape, scale, zero = net.like(x)
        net.add("QUANTIZE", [x], shape, scale, zero + 128, dtype="uint8")
    if ending == "float32":
        net.add("DEQUANTIZE", [x], net.like(x)[0], None, dtype="float32")
    return net


def _grow(net: Maker, x: int, live: list[int]) -> int:
    shape = net.tensors[x].shape
    alike = [other for other in live if net.tensors[other].shape == shape and other != x]
    kind = net.pick("conv", "conv", "depthwise", "sum", "pool", "pad", "cut", "concat", "pointwise", "mean", "reshape")
    if kind == "sum":
        other = int(net.rng.choice(alike)) if alike else net.pointwise(x, "QUANTIZE")
        return net.sum(net.pick("ADD", "SUB"), x, other)
    if kind == "concat":
        other = net.recode(int(net.rng.choice(alike)) if alike else net.pointwise(x, "RELU"), x)
        return net.concat([x, other], int(net.pick(1, 2, 3)))
    if kind == "reshape":
        return net.reshape(x, (1, shape[2], shape[1], shape[3]))
    if kind == "pad":
        return net.pad(x, net.pick(None, None, int(net.rng.integers(-128, 128))))
    if kind == "mean":
        return net.mean(x, net.pick((1, 2), (1,), (2,), (3,), (2, 3)))
    return int(getattr(net, kind)(x))
