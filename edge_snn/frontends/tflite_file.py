"""Reads a ``.tflite`` flatbuffer into plain data, without TensorFlow and without trusting it.

All offsets and lengths are checked first (:mod:`~edge_snn.frontends.flatbuffer_check`), then shapes, buffers and
indices against each other, while the file is turned into plain dataclasses. Constants are views of the file.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError
from edge_snn.files import read_bytes
from edge_snn.frontends import flatbuffer_check
from edge_snn.frontends.tflite_options import EMPTY_TABLE, OPTIONS

MAX_FILE_BYTES = 512 << 20
MAX_TENSORS = 50_000
MAX_OPERATORS = 50_000
MAX_ENDS = 1024  # inputs, or outputs, of one operator
MAX_RANK = 8
MAX_TENSOR_ELEMENTS = 1 << 28
IDENTIFIER = b"TFL3"
CALLERS = ("WHILE", "IF", "CALL", "CALL_ONCE", "STABLEHLO_WHILE", "STABLEHLO_CASE", "STABLEHLO_COMPOSITE")

# Of the schema's TensorType.
DTYPES = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 9: "int8"}


@dataclass(frozen=True)
class Quantisation:
    """What the integers of a tensor stand for, as the file says it: nothing is checked but that it lies in the file.

    Attributes:
        scale: float32, one or one a channel.
        zero_point: int64, likewise.
        axis: of the channels.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file.

    Attributes:
        data: the values of a constant, else None.
        signature: the shape, with -1 where the file leaves it open; () where the file does not say.
        quantisation: None where the file says nothing of it.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: np.ndarray | None = field(default=None, repr=False)
    signature: tuple[int, ...] = ()
    quantisation: Quantisation | None = field(default=None, repr=False)


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
    return parse(read_bytes(path, MAX_FILE_BYTES), path)


def parse(content: bytes, path: Path) -> TfliteFile:
    """Parses the content of a file; ``path`` is for messages. Raises like :func:`load`."""
    if len(content) < 32 or content[4:8] != IDENTIFIER:
        raise InputError("not a .tflite file (its identifier is missing)", where=str(path))
    try:
        flatbuffer_check.check(content)
        return _parse(content, path)
    except flatbuffer_check.Damaged as error:
        raise _damaged(str(error), path) from error
    except (struct.error, LookupError, ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise _damaged(type(error).__name__, path) from error


def _damaged(reason: str, path: Path) -> InputError:
    return InputError(f"damaged .tflite file: {reason}", where=str(path))


def _count(claimed: int, limit: int, what: str, path: Path) -> int:
    if not 0 <= claimed <= limit:
        raise _damaged(f"it claims {claimed} {what}", path)
    return claimed


def _parse(content: bytes, path: Path) -> TfliteFile:
    import tflite

    model = tflite.Model.GetRootAs(content, 0)
    if model.SubgraphsLength() < 1:
        raise _damaged("it has no graph", path)
    codes = []
    for index in range(_count(model.OperatorCodesLength(), MAX_OPERATORS, "operator codes", path)):
        code = model.OperatorCodes(index)
        codes.append(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
    graph = model.Subgraphs(0)
    buffers = _Buffers(model, len(content))
    tensors = tuple(
        _tensor(graph.Tensors(index), index, buffers, path)
        for index in range(_count(graph.TensorsLength(), MAX_TENSORS, "tensors", path))
    )
    operators = tuple(
        _operator(graph.Operators(index), index, codes, len(tensors), path)
        for index in range(_count(graph.OperatorsLength(), MAX_OPERATORS, "operators", path))
    )
    if model.SubgraphsLength() != 1:
        raise _calls_subgraphs(model.SubgraphsLength(), tensors, operators, path)
    if graph.InputsLength() != 1 or graph.OutputsLength() != 1:
        raise InputError(
            f"has {graph.InputsLength()} inputs and {graph.OutputsLength()} outputs, one of each is expected",
            where=str(path),
        )
    ends = (int(graph.Inputs(0)), int(graph.Outputs(0)))
    if not all(0 <= end < len(tensors) for end in ends):
        raise _damaged("its input or output is no tensor", path)
    _check_order(tensors, operators, ends[0], path)
    return TfliteFile(path, hashlib.sha256(content).hexdigest(), tensors, operators, *ends)


def _calls_subgraphs(count: int, tensors: tuple[Tensor, ...], operators: Sequence[Operator], path: Path) -> InputError:
    reason = f"the file has {count} subgraphs, one is expected: loops and branches have no place in such a model"
    callers = [operator for operator in operators if operator.kind in CALLERS]
    named = TfliteFile(path, "", tensors, (), 0, 0).describe(callers[0]) if callers else ""
    return InputError(reason, where=f"{path}: {named}" if named else str(path))


def _check_order(tensors: Sequence[Tensor], operators: Sequence[Operator], source: int, path: Path) -> None:
    """Every tensor is made once, before it is read, so that walking the operators in order cannot loop."""
    known = {tensor.index for tensor in tensors if tensor.data is not None} | {source}
    for operator in operators:
        if not operator.outputs:
            raise _damaged(f"operator {operator.index} makes nothing", path)
        for tensor in operator.inputs:
            if tensor not in known:
                raise _damaged(f"operator {operator.index} reads tensor {tensor} before it is made", path)
        for tensor in operator.outputs:
            if tensor in known:
                raise _damaged(f"operator {operator.index} makes tensor {tensor}, which exists already", path)
            known.add(tensor)


class _Buffers:
    """The constants' bytes, as views of the file: a file that names one buffer often costs no memory."""

    def __init__(self, model: Any, size: int) -> None:
        self._model = model
        self._count = model.BuffersLength()
        self._size = size
        self._views: dict[int, np.ndarray] = {}

    def bytes_of(self, index: int) -> np.ndarray:
        """uint8 view, empty when the tensor is computed; ValueError when there is no such buffer."""
        if not 0 <= index < self._count:
            raise flatbuffer_check.Damaged(f"there is no buffer {index}")
        if index not in self._views:
            buffer = self._model.Buffers(index)
            outside = getattr(buffer, "Offset", lambda: 0)()  # data behind the flatbuffer (files over 2 GB)
            if outside > 1:
                raise flatbuffer_check.Damaged("constants behind the flatbuffer are not supported")
            data = buffer.DataAsNumpy() if buffer.DataLength() else np.zeros(0, np.uint8)
            self._views[index] = data
        return self._views[index]


def _tensor(item: Any, index: int, buffers: _Buffers, path: Path) -> Tensor:
    rank = _count(item.ShapeLength(), MAX_RANK, "dimensions of a tensor", path)
    shape = tuple(int(item.Shape(axis)) for axis in range(rank))
    elements = 1
    for dim in shape:
        elements *= _count(dim, MAX_TENSOR_ELEMENTS, "elements along one axis of a tensor", path)
    _count(elements, MAX_TENSOR_ELEMENTS, "elements in a tensor", path)
    # An unknown type is kept as its number: the operator that meets it names it.
    dtype = DTYPES.get(item.Type(), f"type {item.Type()}")
    name = (item.Name() or b"")[:200].decode("utf-8", "replace")
    values = buffers.bytes_of(item.Buffer())
    data = None
    if values.size and dtype in DTYPES.values():
        if values.size != elements * np.dtype(dtype).itemsize:
            raise _damaged(f"tensor {index} of shape {list(shape)} has {values.size} bytes", path)
        data = np.frombuffer(values, np.dtype(dtype).newbyteorder("<")).reshape(shape)
    length = _count(item.ShapeSignatureLength(), MAX_RANK, "dimensions of a tensor", path)
    signature = tuple(int(item.ShapeSignature(axis)) for axis in range(length))
    return Tensor(index, name, shape, dtype, data, signature, _quantisation(item.Quantization(), path))


def _quantisation(item: Any, path: Path) -> Quantisation | None:
    if item is None or item.ScaleLength() == 0:
        return None
    for length in (item.ScaleLength(), item.ZeroPointLength()):
        _count(length, MAX_TENSOR_ELEMENTS, "channels of a tensor", path)
    zeros = item.ZeroPointAsNumpy() if item.ZeroPointLength() else np.zeros(item.ScaleLength(), np.int64)
    return Quantisation(np.asarray(item.ScaleAsNumpy()), np.asarray(zeros), int(item.QuantizedDimension()))


@lru_cache(maxsize=1)
def _kinds() -> dict[int, str]:
    import tflite

    return {
        value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int) and name.isupper()
    }


def _operator(item: Any, index: int, codes: list[int], tensors: int, path: Path) -> Operator:
    import tflite

    if not 0 <= item.OpcodeIndex() < len(codes):
        raise _damaged(f"operator {index} has no code", path)
    code = codes[item.OpcodeIndex()]
    kind = _kinds().get(code, f"code {code}")
    inputs = tuple(int(item.Inputs(i)) for i in range(_count(item.InputsLength(), MAX_ENDS, "inputs", path)))
    outputs = tuple(int(item.Outputs(i)) for i in range(_count(item.OutputsLength(), MAX_ENDS, "outputs", path)))
    if not all(-1 <= tensor < tensors for tensor in inputs) or not all(0 <= tensor < tensors for tensor in outputs):
        raise _damaged(f"operator {index} names a tensor that is not there", path)
    options: dict[str, Any] = {}
    if kind in OPTIONS:
        class_name, fields = OPTIONS[kind]
        reader = getattr(tflite, class_name)()
        table = item.BuiltinOptions()
        if table is not None and item.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, class_name):
            raise _damaged(f"operator {index} ({kind}) has the options of another kind", path)
        # Without a table, an empty one: all fields at their defaults, as the runtime takes it.
        reader.Init(*((table.Bytes, table.Pos) if table is not None else (EMPTY_TABLE, 4)))
        options = {key: getattr(reader, accessor)() for key, accessor in fields.items()}
    # An optional input that is absent has index -1 in the file.
    return Operator(index, kind, tuple(tensor for tensor in inputs if tensor >= 0), outputs, options)
