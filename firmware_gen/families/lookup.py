"""C of functions of one code."""

from __future__ import annotations

from edge_snn.plan.lookup import LookupStep
from firmware_gen.emit import Struct, array
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: LookupStep) -> None:
    """Declares the step's table and struct, and its call."""
    name = f"step_{index}"
    context.declare(array(f"{name}_table", step.node.table, [f"{step.name}: code by code"]))
    fields = Struct(
        {
            "table": f"{name}_table",
            "input": f"{context.offset(step.sources[0].storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "count": f"{step.output.size}u",
        }
    )
    context.call("esnn_lookup", "esnn_lookup_t", name, fields)
