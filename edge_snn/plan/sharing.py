"""Layers of codes that are cut alike share a table of lists, 1 kB of flash: worth a little time."""

from __future__ import annotations

from collections.abc import Sequence

from edge_snn.plan.code import rows_work
from edge_snn.plan.graded_conv import ROWS, GradedConvStep, with_segments
from edge_snn.plan.segments import Costs, Segment
from edge_snn.plan.steps import Step

WORTH = 0.008  # of the instructions of all such layers: what a table may cost


def shared(steps: Sequence[Step], costs: Costs) -> tuple[Step, ...]:
    """The same steps, some of them cut as others are, as long as each table that goes costs less than :data:`WORTH`."""
    rows = [step for step in steps if isinstance(step, GradedConvStep) and step.form == ROWS]
    total = sum(rows_work(step, step.segments, costs) for step in rows)
    chosen = {step.name: step.segments for step in rows}
    while True:
        shapes = sorted({_shape(segments) for segments in chosen.values()})
        found: list[tuple[float, dict[str, tuple[Segment, ...]]]] = []
        for gone in shapes:
            moved = [step for step in rows if _shape(chosen[step.name]) == gone]
            others = [shape for shape in shapes if shape != gone]
            extra, instead = 0.0, {}
            for step in moved:
                options = [
                    (rows_work(step, made, costs), made) for made in map(step.cut_like, others) if made is not None
                ]
                if not options:
                    break
                spent, made = min(options, key=lambda option: option[0])
                extra += spent - rows_work(step, chosen[step.name], costs)
                instead[step.name] = made
            if len(instead) == len(moved) and extra <= WORTH * total:
                found.append((extra, instead))
        if not found:
            break
        chosen |= min(found, key=lambda option: option[0])[1]
    return tuple(
        with_segments(step, chosen[step.name]) if isinstance(step, GradedConvStep) and step.name in chosen else step
        for step in steps
    )


def _shape(segments: tuple[Segment, ...]) -> tuple[tuple[bool, int], ...]:
    return tuple((segment.planes, segment.bits) for segment in segments)
