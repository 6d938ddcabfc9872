"""C of sums of codes."""

from __future__ import annotations

from edge_snn.plan.graded_add import GradedAddStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: GradedAddStep) -> None:
    """Declares the step's tables and struct, and its call."""
    name = f"step_{index}"
    context.numbers(f"{name}_of_a", step.of_a, [f"{step.name}: what each code of {step.sources[0].edge} adds"])
    context.numbers(f"{name}_of_b", step.of_b, [f"{step.name}: what each code of {step.sources[1].edge} adds"])
    if step.steps is not None:
        context.numbers(f"{name}_steps", step.steps, [f"{step.name}: sums from which on the code is 1, 2, .."])
    fields = Struct(
        {
            "of_a": f"{name}_of_a",
            "of_b": f"{name}_of_b",
            "steps": f"{name}_steps" if step.steps is not None else None,
            "a": f"{context.offset(step.sources[0].storage)}u",
            "b": f"{context.offset(step.sources[1].storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "count": f"{step.output.size}u",
            "low": step.low,
            "high": step.high,
        }
    )
    kernel = "esnn_graded_add" if step.steps is None else "esnn_graded_add_steps"
    context.call(kernel, "esnn_graded_add_t", name, fields)
