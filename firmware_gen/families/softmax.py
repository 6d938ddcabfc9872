"""C of the softmax."""

from __future__ import annotations

from edge_snn.plan.softmax import SoftmaxStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: SoftmaxStep) -> None:
    """Declares the step's table and struct, and its call."""
    name = f"step_{index}"
    context.numbers(f"{name}_powers", step.powers, [f"{step.name}: exp(-x) in Q0.31 by distance from the largest"])
    fields = Struct(
        {
            "powers": f"{name}_powers",
            "input": f"{context.offset(step.sources[0].storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "positions": f"{step.output.positions}u",
            "channels": f"{step.output.channels}u",
        }
    )
    context.call("esnn_softmax", "esnn_softmax_t", name, fields)
