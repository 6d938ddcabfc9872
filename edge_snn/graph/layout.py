"""What moves codes and computes nothing: concatenation, padding, slices, another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.checks import MAX_DIM, check_int, check_ints, check_name, fail
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.tensor import Kind, TensorSpec

MAX_PARTS = 64


@dataclass(frozen=True)
class Concat(GradedNode):
    """Its inputs one behind the other along an axis.

    Attributes:
        axis: 0 (y), 1 (x) or 2 (channels).
    """

    op: ClassVar[str] = "concat"

    axis: int

    def __post_init__(self) -> None:
        check_name(self.name, self.op)
        if not isinstance(self.inputs, tuple) or not 1 <= len(self.inputs) <= MAX_PARTS:
            raise fail(self.name, f"{self.op} takes 1 to {MAX_PARTS} inputs")
        for edge in self.inputs:
            check_name(edge, self.name)
        check_int(self.name, "zero", self.zero, 0, 255)
        check_int(self.name, "axis", self.axis, 0, 2)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        for part in inputs:
            self.require_codes(part)
        rest = {tuple(size for axis, size in enumerate(part.shape) if axis != self.axis) for part in inputs}
        if len(rest) != 1:
            raise fail(self.name, f"parts of shapes {', '.join(str(part.shape) for part in inputs)} do not join")
        shape = list(inputs[0].shape)
        shape[self.axis] = sum(part.shape[self.axis] for part in inputs)
        return TensorSpec((shape[0], shape[1], shape[2]), Kind.GRADED, static=True)


@dataclass(frozen=True)
class Pad(GradedNode):
    """Its input with ``value`` around it.

    Attributes:
        before, after: (y, x, channels).
        value: code.
    """

    op: ClassVar[str] = "pad"

    before: tuple[int, int, int]
    after: tuple[int, int, int]
    value: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ints(self.name, "before", self.before, 3, 0, MAX_DIM)
        check_ints(self.name, "after", self.after, 3, 0, MAX_DIM)
        check_int(self.name, "value", self.value, 0, 255)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        height, width, channels = (a + size + b for a, size, b in zip(self.before, x.shape, self.after))
        return TensorSpec((height, width, channels), Kind.GRADED, static=True)


@dataclass(frozen=True)
class Slice(GradedNode):
    """Every ``step``-th element from ``begin``, ``size`` of them, along each axis.

    Attributes:
        begin, size, step: (y, x, channels); steps are above 0.
    """

    op: ClassVar[str] = "slice"

    begin: tuple[int, int, int]
    size: tuple[int, int, int]
    step: tuple[int, int, int] = (1, 1, 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ints(self.name, "begin", self.begin, 3, 0, MAX_DIM)
        check_ints(self.name, "size", self.size, 3, 1, MAX_DIM)
        check_ints(self.name, "step", self.step, 3, 1, MAX_DIM)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        for begin, size, step, room in zip(self.begin, self.size, self.step, x.shape):
            if begin + (size - 1) * step >= room:
                raise fail(self.name, f"reaches element {begin + (size - 1) * step} of {room}")
        return TensorSpec(self.size, Kind.GRADED, static=True)


@dataclass(frozen=True)
class Reshape(GradedNode):
    """The same codes in the same order in another shape.

    Attributes:
        shape: (height, width, channels).
    """

    op: ClassVar[str] = "reshape"

    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ints(self.name, "shape", self.shape, 3, 1, MAX_DIM)

    def infer(self, inputs: Sequence[TensorSpec]) -> TensorSpec:
        (x,) = inputs
        self.require_codes(x)
        made = TensorSpec(self.shape, Kind.GRADED, static=True)
        if made.size != x.size:
            raise fail(self.name, f"{x.size} elements do not make {self.shape}")
        return made
