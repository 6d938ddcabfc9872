"""Operators that move codes: RESHAPE and its kin, CONCATENATION, PAD, slices, TRANSPOSE where it moves nothing."""

from __future__ import annotations

import math

from edge_snn.frontends.int8.scales import Broken, Scale
from edge_snn.frontends.int8.walk import Edge, Shape3, Walk
from edge_snn.frontends.tflite_file import Operator, Tensor
from edge_snn.graph.graded import SIGN
from edge_snn.graph.layout import Concat, Pad, Reshape, Slice

WINDOWED = ("CONV_2D", "DEPTHWISE_CONV_2D")
VALID = 1
NO_ACTIVATION = 0
MAX_PARTS = 64


def reshaped(walk: Walk, edge: Edge, shape: Shape3, scale: Scale) -> Edge:
    """The codes of an edge in another shape; the edge itself where it has it."""
    if walk.shape(edge) == shape:
        return edge
    return walk.emit(Reshape(walk.name("reshape"), (edge.name,), scale.zero, shape), scale.wide)


def reshape(walk: Walk, operator: Operator) -> Edge:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the shape is that of the tensor made, of which nothing is open."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    if math.prod(x.shape) != math.prod(made.shape):
        raise Broken(f"{list(x.shape)} does not become {list(made.shape)}: another number of elements")
    _same_scale(walk, x, made)
    return reshaped(walk, edge, walk.wanted(operator), walk.scale(made))


def transpose(walk: Walk, operator: Operator) -> Edge:
    """TRANSPOSE that leaves the order of the elements as it is."""
    x = walk.tensor(operator, 0)
    order = walk.numbers(operator, 1, len(x.shape))
    if sorted(order) != list(range(len(x.shape))):
        raise Broken(f"its order {order} is none of {len(x.shape)} axes")
    moved = [axis for axis in order if x.shape[axis] > 1]
    if moved != sorted(moved):
        raise walk.refusal(
            operator,
            f"it moves elements: axes {order} of {list(x.shape)}",
            "keep channels last in the whole model, then there is nothing to transpose",
        )
    return reshape(walk, operator)


def concat(walk: Walk, operator: Operator) -> Edge:
    """CONCATENATION of tensors of one scale."""
    made = walk.made(operator)
    if operator.options["activation"] != NO_ACTIVATION:
        raise Broken("has a fused activation, which TFLite does not apply to int8")
    if not 1 <= len(operator.inputs) <= MAX_PARTS:
        raise Broken(f"joins {len(operator.inputs)} tensors, 1 to {MAX_PARTS} are taken")
    axis = _axis(walk, operator, made, int(operator.options["axis"]))
    parts = []
    for position in range(len(operator.inputs)):
        part = walk.tensor(operator, position)
        edge = walk.source(operator, position)
        if len(part.shape) != len(made.shape):
            raise Broken(f"its input {position} is {list(part.shape)}, it makes {list(made.shape)}")
        _same_scale(walk, part, made)
        parts.append(edge)
    target = walk.scale(made)
    if len(parts) == 1:
        return parts[0]
    names = tuple(edge.name for edge in parts)
    return walk.emit(Concat(walk.name("concat"), names, target.zero, axis), target.wide)


def pad(walk: Walk, operator: Operator) -> Edge:
    """PAD and PADV2. What its convolutions can add themselves is left to them."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    edge = walk.source(operator)
    pairs = walk.numbers(operator, 1, 2 * len(x.shape))
    before, after = _three(walk, operator, x, pairs[::2]), _three(walk, operator, x, pairs[1::2])
    if min(pairs, default=0) < 0:
        raise Broken("pads by less than 0")
    target = walk.scale(made)
    value = target.zero
    if len(operator.inputs) > 2:
        filler = walk.tensor(operator, 2)
        if filler.data is None or filler.dtype != made.dtype or filler.data.size != 1:
            raise Broken("pads with something that is no single constant of its type")
        _same_scale(walk, filler, made)
        value = int(filler.data.reshape(-1)[0]) + SIGN
    _same_scale(walk, x, made)
    if value == target.zero and not before[2] and not after[2] and _can_pad(walk, operator, before, after):
        return Edge(edge.name, (before[0], before[1], after[0], after[1]))
    return walk.emit(Pad(walk.name("pad"), (edge.name,), target.zero, before, after, value), target.wide)


def _can_pad(walk: Walk, operator: Operator, before: Shape3, after: Shape3) -> bool:
    """Whether all readers are convolutions without padding whose windows reach over this one, as nodes demand."""
    made = walk.made(operator)
    readers = walk.readers.get(made.index, [])
    for reader in readers:
        if reader.kind not in WINDOWED or reader.options["padding"] != VALID or len(reader.inputs) < 2:
            return False
        if reader.inputs[0] != made.index or made.index in reader.inputs[1:]:
            return False
        weight = walk.tensor(reader, 1).shape
        if len(weight) != 4 or len(made.shape) != 4:
            return False
        for axis, name in ((0, "dilation_y"), (1, "dilation_x")):
            covered = (weight[1 + axis] - 1) * int(reader.options[name]) + 1
            if max(before[axis], after[axis]) >= covered:
                return False
    return bool(readers) and made.index != walk.file.output


def strided_slice(walk: Walk, operator: Operator) -> Edge:
    """STRIDED_SLICE whose begin, end and strides do not change."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    rank, options = len(x.shape), operator.options
    begins, ends, strides = (walk.numbers(operator, position, rank) for position in (1, 2, 3))
    if options["ellipsis"] or options["new_axis"]:
        raise Broken("has an ellipsis or a new axis, which TFLite Micro does not take")
    taken = []
    for axis, size in enumerate(x.shape):
        bit = 1 << axis
        if strides[axis] <= 0:
            raise Broken(f"has a stride of {strides[axis]}, above 0 is expected")
        begin = None if options["begin"] & bit else begins[axis]
        end = None if options["end"] & bit else ends[axis]
        if options["shrink"] & bit:
            first = slice(begin, None).indices(size)[0]
            taken.append(range(first, first + 1))
        else:
            taken.append(range(*slice(begin, end, strides[axis]).indices(size)))
    return _sliced(walk, operator, x, made, taken)


def slice_op(walk: Walk, operator: Operator) -> Edge:
    """SLICE whose begin and size do not change; a size of -1 is all that is left."""
    x, made = walk.tensor(operator, 0), walk.made(operator)
    begins, sizes = (walk.numbers(operator, position, len(x.shape)) for position in (1, 2))
    taken = []
    for begin, size, room in zip(begins, sizes, x.shape):
        taken.append(range(begin, room if size == -1 else begin + size))
    return _sliced(walk, operator, x, made, taken)


def _sliced(walk: Walk, operator: Operator, x: Tensor, made: Tensor, taken: list[range]) -> Edge:
    edge = walk.source(operator)
    _same_scale(walk, x, made)
    for part, room in zip(taken, x.shape):
        if not len(part) or part[0] < 0 or part[-1] >= room:
            raise Broken(f"takes elements {part.start} to {part.stop} of {room}")
    target = walk.scale(made)
    begin = _three(walk, operator, x, [part[0] for part in taken])
    step = _three(walk, operator, x, [part.step for part in taken], 1)
    size = _three(walk, operator, x, [len(part) for part in taken], 1)
    if size != walk.shape(edge):
        edge = walk.emit(Slice(walk.name("slice"), (edge.name,), target.zero, begin, size, step), target.wide)
    return reshaped(walk, edge, walk.wanted(operator), target)


def _axis(walk: Walk, operator: Operator, tensor: Tensor, axis: int) -> int:
    """An axis of a tensor as one of (y, x, channels)."""
    rank = len(tensor.shape)
    place = axis + rank if axis < 0 else axis
    if not 0 <= place < rank:
        raise Broken(f"works along axis {axis} of {list(tensor.shape)}")
    if place < rank - 3 or math.prod(tensor.shape[: max(rank - 3, 0)]) != 1:
        raise Broken(f"works along axis {axis} of {list(tensor.shape)}: height, width or channels are expected")
    return place - rank + 3


def _three(walk: Walk, operator: Operator, tensor: Tensor, values: list[int], nothing: int = 0) -> Shape3:
    """One number an axis as one of (y, x, channels); further out there must be nothing to do."""
    rank = len(tensor.shape)
    inner = [nothing] * 3 + values
    for axis, value in enumerate(values[: max(rank - 3, 0)]):
        if value != nothing or tensor.shape[axis] != 1:
            raise Broken(f"changes axis {axis} of {list(tensor.shape)}: height, width and channels can be changed")
    return inner[-3], inner[-2], inner[-1]


def _same_scale(walk: Walk, x: Tensor, made: Tensor) -> None:
    """Nothing is computed, so scales must be the same."""
    a, b = walk.scale(x), walk.scale(made)
    if abs(a.wide - b.wide) > 1e-6 * b.wide or a.zero != b.zero:
        raise Broken(
            f"only moves numbers, but tensors {x.index} and {made.index} have different scales or zero points: "
            f"{a.wide:g}, {a.zero - SIGN} and {b.wide:g}, {b.zero - SIGN}"
        )
