"""C of pooling of codes."""

from __future__ import annotations

from edge_snn.plan.graded_pool import GradedPoolStep, MeanStep
from firmware_gen.emit import Struct, span_array
from firmware_gen.families.context import Context

KERNELS = {"max": "esnn_graded_max", "average": "esnn_graded_average"}


def emit(context: Context, index: int, step: GradedPoolStep) -> None:
    """Declares the step's spans and struct, and its call."""
    name, node, source = f"step_{index}", step.node, step.sources[0]
    line = step.width * source.channels
    context.declare(span_array(f"{name}_rows", step.rows, line))
    context.declare(span_array(f"{name}_columns", step.columns, source.channels))
    fields = Struct(
        {
            "rows": f"{name}_rows",
            "columns": f"{name}_columns",
            "input": f"{context.offset(source.storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "height": f"{len(step.rows)}u",
            "width": f"{len(step.columns)}u",
            "line_bytes": f"{line}u",
            "channels": f"{source.channels}u",
            "low": node.low,
            "high": node.high,
        }
    )
    context.call(KERNELS[node.pool], "esnn_graded_pool_t", name, fields)


def emit_mean(context: Context, index: int, step: MeanStep) -> None:
    """Declares the step's steps and struct, and its call."""
    name = f"step_{index}"
    context.numbers(f"{name}_steps", step.steps, [f"{step.name}: sums from which on the code is 1, 2, .."])
    fields = Struct(
        {
            "steps": f"{name}_steps",
            "input": f"{context.offset(step.sources[0].storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "groups": f"{step.groups}u",
            "positions": f"{step.positions}u",
            "channels": f"{step.channels}u",
        }
    )
    context.call("esnn_graded_mean", "esnn_graded_mean_t", name, fields)
