"""C of the end of a network of codes."""

from __future__ import annotations

from edge_snn.plan.codes import CodesStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: CodesStep) -> None:
    """Declares the step's struct, and its call."""
    fields = Struct({"input": f"{context.offset(step.source.storage)}u", "count": f"{step.source.size}u"})
    context.call("esnn_codes", "esnn_codes_t", f"step_{index}", fields, "logits")
