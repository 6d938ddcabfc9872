"""Steps that move codes: blocks of bytes that are copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.layout import Concat, Pad, Slice
from edge_snn.plan.graded import GradedStep

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Copy:
    """Lines of runs of bytes.

    Attributes:
        source: number of the storage that it reads.
        start, to: bytes into the source and the output where it begins.
        lines, runs, size: lines, runs of a line, bytes of a run.
        from_line, to_line, from_run, to_run: bytes from one line, or run, to the next.
        from_byte: bytes from one byte of a run to the next in the source.
    """

    source: int
    start: int
    to: int
    lines: int
    runs: int
    size: int
    from_line: int
    to_line: int
    from_run: int
    to_run: int
    from_byte: int = 1


@dataclass(frozen=True)
class LayoutStep(GradedStep):
    """Concatenation, padding or slice.

    Attributes:
        fill: code that is written everywhere first, or None.
    """

    kind: ClassVar[str] = "layout"

    copies: tuple[Copy, ...]
    fill: int | None


def _strides(shape: Shape) -> Shape:
    return shape[1] * shape[2], shape[2], 1


def _block(source: int, size: Shape, start: int, to: int, within: Shape, step: Shape, target: Shape) -> Copy:
    """``size`` elements, every ``step``-th of a tensor of shape ``within``, to a block of one of shape ``target``."""
    a, b = _strides(within), _strides(target)
    line, run, byte = (stride * every for stride, every in zip(a, step))
    copy = Copy(source, start, to, *size, line, b[0], run, b[1], byte)
    if byte == 1 and run == copy.to_run == copy.size:  # whole lines are runs
        copy = Copy(source, start, to, 1, copy.lines, copy.runs * copy.size, 0, 0, line, b[0])
        if line == copy.to_run == copy.size:
            copy = Copy(source, start, to, 1, 1, copy.runs * copy.size, 0, 0, 0, 0)
    return copy


def plan_concat(node: Concat, shapes: tuple[Shape, ...], made: Shape) -> tuple[Copy, ...]:
    """A block of each input."""
    copies, at = [], 0
    for source, shape in enumerate(shapes):
        copies.append(_block(source, shape, 0, at * _strides(made)[node.axis], shape, (1, 1, 1), made))
        at += shape[node.axis]
    return tuple(copies)


def plan_pad(node: Pad, shape: Shape, made: Shape) -> tuple[Copy, ...]:
    """The input as a block; the rest is filled before."""
    to = sum(stride * before for stride, before in zip(_strides(made), node.before))
    return (_block(0, shape, 0, to, shape, (1, 1, 1), made),)


def plan_slice(node: Slice, shape: Shape, made: Shape) -> tuple[Copy, ...]:
    """One block."""
    start = sum(stride * begin for stride, begin in zip(_strides(shape), node.begin))
    return (_block(0, node.size, start, 0, shape, node.step, made),)
