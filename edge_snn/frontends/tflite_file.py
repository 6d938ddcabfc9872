"""Reads a ``.tflite`` flatbuffer into plain data, without TensorFlow and without trusting it.

Every length is compared with the size of the file before anything is looped over or allocated; whatever
the schema accessors raise on damaged offsets becomes one :class:`~edge_snn.errors.InputError`.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError

MAX_FILE_BYTES = 512 << 20
MAX_TENSORS = 100_000
MAX_OPERATORS = 100_000
MAX_RANK = 8
MAX_TENSOR_ELEMENTS = 1 << 28
IDENTIFIER = b"TFL3"

# Of the schema's TensorType; others are refused.
DTYPES = {0: "float32", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 9: "int8"}


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file.

    Attributes:
        data: the values of a constant, else None.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: np.ndarray | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Operator:
    """One operator of the file, in order of execution.

    Attributes:
        kind: name of the built-in operator, e.g. "CONV_2D".
        options: the attributes this project reads, by name.
    """

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TfliteFile:
    """A parsed file: tensors by index, operators in order, and the one input and output."""

    path: Path
    sha256: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    input: int
    output: int

    def describe(self, operator: Operator) -> str:
        """How an operator is named to the user: index, kind and the tensor it makes."""
        made = self.tensors[operator.outputs[0]].name if operator.outputs else "?"
        printable = "".join(char if char.isprintable() else "?" for char in made)[:80]
        return f"operator {operator.index} ({operator.kind}, makes {printable!r})"


def load(path: Path) -> TfliteFile:
    """Parses the file.

    Raises:
        InputError: missing, too large, not a .tflite, damaged, or not of one input and one output.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"is larger than {MAX_FILE_BYTES >> 20} MB", where=str(path))
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(content) < 32 or content[4:8] != IDENTIFIER:
        raise InputError("not a .tflite file (its identifier is missing)", where=str(path))
    try:
        return _parse(content, path)
    except (
        struct.error,
        IndexError,
        ValueError,
        TypeError,
        OverflowError,
        AttributeError,
        MemoryError,
    ) as error:
        raise InputError(f"damaged .tflite file ({type(error).__name__})", where=str(path)) from error


def _count(claimed: int, limit: int, what: str, path: Path) -> int:
    if not 0 <= claimed <= limit:
        raise InputError(f"damaged .tflite file: it claims {claimed} {what}", where=str(path))
    return claimed


def _parse(content: bytes, path: Path) -> TfliteFile:
    import tflite

    size = len(content)
    model = tflite.Model.GetRootAs(content, 0)
    if _count(model.SubgraphsLength(), size // 4, "subgraphs", path) != 1:
        raise InputError(f"has {model.SubgraphsLength()} subgraphs, one is expected", where=str(path))
    codes = []
    for index in range(_count(model.OperatorCodesLength(), size // 4, "operator codes", path)):
        code = model.OperatorCodes(index)
        codes.append(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
    graph = model.Subgraphs(0)
    buffers = _count(model.BuffersLength(), size // 4, "buffers", path)
    tensors = tuple(
        _tensor(model, graph.Tensors(index), index, buffers, size, path)
        for index in range(_count(graph.TensorsLength(), min(MAX_TENSORS, size // 4), "tensors", path))
    )
    operators = tuple(
        _operator(graph.Operators(index), index, codes, len(tensors), size, path)
        for index in range(_count(graph.OperatorsLength(), min(MAX_OPERATORS, size // 4), "operators", path))
    )
    if graph.InputsLength() != 1 or graph.OutputsLength() != 1:
        raise InputError("one input and one output are expected", where=str(path))
    ends = (int(graph.Inputs(0)), int(graph.Outputs(0)))
    if not all(0 <= end < len(tensors) for end in ends):
        raise InputError("damaged .tflite file: input or output is no tensor", where=str(path))
    return TfliteFile(path, hashlib.sha256(content).hexdigest(), tensors, operators, *ends)


def _tensor(model: Any, item: Any, index: int, buffers: int, size: int, path: Path) -> Tensor:
    rank = _count(item.ShapeLength(), MAX_RANK, "dimensions", path)
    shape = tuple(int(item.Shape(axis)) for axis in range(rank))
    elements = 1
    for dim in shape:
        elements *= _count(dim, MAX_TENSOR_ELEMENTS, "elements", path)
    _count(elements, MAX_TENSOR_ELEMENTS, "elements", path)
    dtype = DTYPES.get(item.Type(), "")
    if not dtype:
        raise InputError(f"tensor {index} has a type this program does not know ({item.Type()})", where=str(path))
    raw_name = item.Name() or b""
    name = raw_name[:200].decode("utf-8", "replace")
    data = None
    if not 0 <= item.Buffer() < buffers:
        raise InputError(f"damaged .tflite file: tensor {index} has no buffer", where=str(path))
    buffer = model.Buffers(item.Buffer())
    length = _count(buffer.DataLength(), size, "bytes in a buffer", path)
    if length:
        values = buffer.DataAsNumpy()
        if values.nbytes != length or length != elements * np.dtype(dtype).itemsize:
            raise InputError(f"tensor {index} has {length} bytes, its shape asks for another number", where=str(path))
        data = np.frombuffer(values.tobytes(), np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
        if data.dtype.kind == "f" and not np.isfinite(data).all():
            raise InputError(f"tensor {index} has values that are not finite", where=str(path))
    return Tensor(index, name, shape, dtype, data)


@lru_cache(maxsize=1)
def _kinds() -> dict[int, str]:
    import tflite

    return {
        value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int) and name.isupper()
    }


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
    "FULLY_CONNECTED": ("FullyConnectedOptions", {"activation": "FusedActivationFunction"}),
    "ADD": ("AddOptions", {"activation": "FusedActivationFunction"}),
    "SUB": ("SubOptions", {"activation": "FusedActivationFunction"}),
    "MUL": ("MulOptions", {"activation": "FusedActivationFunction"}),
    "DIV": ("DivOptions", {"activation": "FusedActivationFunction"}),
    "CONCATENATION": ("ConcatenationOptions", {"axis": "Axis", "activation": "FusedActivationFunction"}),
    "BATCH_MATMUL": ("BatchMatMulOptions", {"adjoint_x": "AdjX", "adjoint_y": "AdjY"}),
    "MEAN": ("ReducerOptions", {"keep_dims": "KeepDims"}),
    "PACK": ("PackOptions", {"axis": "Axis"}),
    "UNPACK": ("UnpackOptions", {"axis": "Axis"}),
}


def _operator(item: Any, index: int, codes: list[int], tensors: int, size: int, path: Path) -> Operator:
    import tflite

    if not 0 <= item.OpcodeIndex() < len(codes):
        raise InputError(f"damaged .tflite file: operator {index} has no code", where=str(path))
    code = codes[item.OpcodeIndex()]
    kind = _kinds().get(code, f"code {code}")
    inputs = tuple(int(item.Inputs(i)) for i in range(_count(item.InputsLength(), min(1024, size), "inputs", path)))
    outputs = tuple(int(item.Outputs(i)) for i in range(_count(item.OutputsLength(), min(1024, size), "outputs", path)))
    if not all(-1 <= tensor < tensors for tensor in inputs) or not all(0 <= tensor < tensors for tensor in outputs):
        raise InputError(f"damaged .tflite file: operator {index} names a tensor that is not there", where=str(path))
    options: dict[str, Any] = {}
    if kind in OPTIONS:
        class_name, fields = OPTIONS[kind]
        reader = getattr(tflite, class_name)()
        table = item.BuiltinOptions()
        for key, accessor in fields.items():
            if table is None:
                options[key] = 0
                continue
            reader.Init(table.Bytes, table.Pos)
            options[key] = getattr(reader, accessor)()
    # An optional input that is absent has index -1 in the file.
    return Operator(index, kind, tuple(tensor for tensor in inputs if tensor >= 0), outputs, options)
