"""Which layers of a network are worth becoming code: flash is spent where it saves a good share of all instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge_snn.plan.constants import cost
from edge_snn.plan.graded_conv import CONSTANTS, ROWS, GradedConvStep, zeros_of
from edge_snn.plan.segments import Costs, Segment, cost_of
from edge_snn.plan.steps import Step

SHARE = 0.04  # of the instructions of all convolutions: what a layer has to save
LAYER_BYTES = 40 << 10  # of code
ALL_BYTES = 192 << 10
FLASH = 4  # or one part in so many of what there is


def rows_work(step: GradedConvStep, segments: tuple[Segment, ...], costs: Costs) -> float:
    """Instructions that a step of rows takes in all its windows, about, cut like that."""
    each = cost_of(segments, step.node.seen, step.inputs, step.listed, costs)
    return each * step.blocks * step.out[0] * step.out[1]


def spent(step: GradedConvStep, costs: Costs) -> float:
    """The same as it is cut, and what its lines take."""
    return rows_work(step, step.segments, costs) + costs.line * step.out[0]


def as_code(steps: Sequence[Step], costs: Costs, flash: int | None) -> tuple[Step, ...]:
    """The same steps; layers of rows that are worth it are code, those that save most for a byte first.

    Args:
        flash: bytes that there are; None: enough.
    """
    rows = [step for step in steps if isinstance(step, GradedConvStep) and step.form == ROWS]
    total = sum(spent(step, costs) for step in rows)
    found = []
    for step in rows:
        work, size = cost(step.node.weight, zeros_of(step.node), costs)
        saved = spent(step, costs) - work * step.out[0] * step.out[1]
        if size <= LAYER_BYTES and saved >= SHARE * total:
            found.append((saved / size, size, step.name))
    chosen, left = set(), float(ALL_BYTES if flash is None else min(ALL_BYTES, flash // FLASH))
    for _, size, name in sorted(found, reverse=True):
        if size <= left:
            left -= size
            chosen.add(name)
    return tuple(
        replace(step, segments=(), form=CONSTANTS, most=0, capacity=0)
        if isinstance(step, GradedConvStep) and step.name in chosen
        else step
        for step in steps
    )
