"""C of steps that read a stored current."""

from __future__ import annotations

from edge_snn.plan.residual import CurrentStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context
from firmware_gen.families.neuron import finish, stream


def emit(context: Context, index: int, step: CurrentStep) -> None:
    """Declares the step's struct, and its call."""
    name, source = f"step_{index}", step.source
    fields = Struct(
        {
            "source": stream(context, source),
            "positions": f"{source.positions}u",
            "channels": f"{source.channels}u",
            "scratch": f"{context.scratch(index, 'sums') if step.scratch else 0}u",
            "finish": finish(context, name, step.finish),
        }
    )
    kernel = "esnn_vector_current" if step.vector else "esnn_current_blocks" if step.narrow else "esnn_current"
    context.call(kernel, "esnn_current_t", name, fields)
