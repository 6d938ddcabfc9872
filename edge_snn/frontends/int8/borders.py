"""Where an int8 file takes and makes numbers: int8, uint8 and float32, through QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.errors import InputError
from edge_snn.frontends.advice import QUANTISE
from edge_snn.frontends.int8.scales import Scale, scale_of
from edge_snn.frontends.int8.walk import CODE_TYPES, Walk, edge_shape
from edge_snn.frontends.tflite_file import Operator, Tensor
from edge_snn.graph.border import Border
from edge_snn.graph.codes import Codes
from edge_snn.graph.tensor import Kind, TensorSpec


def _broken(walk: Walk, tensor: Tensor, reason: str, hint: str = "") -> InputError:
    return InputError(reason, where=f"{walk.file.path}: tensor {tensor.index}", hint=hint)


def _scale(walk: Walk, tensor: Tensor) -> Scale:
    try:
        return scale_of(tensor)
    except InputError as error:
        raise _broken(walk, tensor, error.diagnostic.reason) from error


def _shape(walk: Walk, tensor: Tensor) -> tuple[int, ...]:
    if len(tensor.shape) > 1 and tensor.shape[0] != 1:
        raise _broken(
            walk,
            tensor,
            f"the network takes or makes {list(tensor.shape)}: a batch of {tensor.shape[0]}, 1 is expected",
            "export with batch 1",
        )
    return tensor.shape


def enter(walk: Walk) -> tuple[list[Operator], Border]:
    """Sets the input edge; returns the operators that are no nodes for it, and what numbers enter."""
    source = walk.file.tensors[walk.file.input]
    shape = _shape(walk, source)
    skipped: list[Operator] = []
    if source.dtype in CODE_TYPES:
        scale = _scale(walk, source)
        held = [source]
    elif source.dtype == "float32":
        skipped = walk.readers.get(source.index, [])
        others = [operator for operator in skipped if operator.kind != "QUANTIZE" or len(operator.outputs) != 1]
        if others:
            raise walk.refusal(others[0], "computes with float32 numbers", QUANTISE)
        held = [walk.made(operator) for operator in skipped]
        if not held or any(tensor.dtype != "int8" for tensor in held):
            raise _broken(walk, source, "the float32 input is not quantised to int8", QUANTISE)
        scales = {(_scale(walk, tensor).wide, _scale(walk, tensor).zero) for tensor in held}
        if len(scales) != 1:
            raise _broken(walk, source, "the float32 input is quantised to several scales, one is taken", QUANTISE)
        scale = _scale(walk, held[0])
    else:
        raise _broken(walk, source, f"the input is {source.dtype}: int8, uint8 or float32 is taken", QUANTISE)
    spec = TensorSpec(edge_shape(shape), Kind.PIXELS, static=True)
    for tensor in held:
        if tensor.shape != shape:
            raise _broken(walk, tensor, f"QUANTIZE makes {list(tensor.shape)} of {list(shape)}")
        walk.edges[tensor.index] = walk.enter(spec, scale)
    return skipped, Border(source.dtype, scale.wide, scale.zero, shape)


@dataclass(frozen=True)
class Leaving:
    """The file's output.

    Attributes:
        tensor: of codes, from which it is made.
        operator: a DEQUANTIZE that is no node, or None.
    """

    tensor: Tensor
    operator: Operator | None
    output: Tensor

    def close(self, walk: Walk) -> tuple[Codes, Border]:
        """The last node, and what numbers it makes."""
        shape = _shape(walk, self.output)
        edge = walk.edges.get(self.tensor.index)
        if edge is None or any(edge.padding):
            raise _broken(walk, self.tensor, "nothing makes the output")
        scale = _scale(walk, self.tensor)
        node = Codes("output", (edge.name,), scale.zero)
        walk.emit(node, scale.wide)
        return node, Border(self.output.dtype, scale.wide, scale.zero, shape)


def leave(walk: Walk) -> Leaving:
    """Finds what the output is made of."""
    output = walk.file.tensors[walk.file.output]
    if output.dtype in CODE_TYPES:
        return Leaving(output, None, output)
    makers = [operator for operator in walk.file.operators if output.index in operator.outputs]
    if output.dtype != "float32" or not makers or makers[0].kind != "DEQUANTIZE" or len(makers[0].inputs) != 1:
        if makers:
            raise walk.refusal(makers[0], f"makes the output, {output.dtype}, not from int8 numbers", QUANTISE)
        raise _broken(walk, output, f"the output is {output.dtype}: int8, uint8 or float32 is taken", QUANTISE)
    tensor = walk.file.tensors[makers[0].inputs[0]]
    if tensor.shape != output.shape:
        raise walk.refusal(makers[0], f"makes {list(output.shape)} of {list(tensor.shape)}")
    if tensor.dtype not in CODE_TYPES:
        raise walk.refusal(makers[0], f"dequantises {tensor.dtype} numbers, int8 is expected", QUANTISE)
    return Leaving(tensor, makers[0], output)
