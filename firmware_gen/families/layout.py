"""C of steps that move codes."""

from __future__ import annotations

from edge_snn.plan.layout import LayoutStep
from firmware_gen.emit import Struct, comment
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: LayoutStep) -> None:
    """Declares the step's blocks and struct, and its call."""
    name, output = f"step_{index}", context.offset(step.output.storage)
    blocks = []
    for copy in step.copies:
        source = context.offset(step.sources[copy.source].storage) + copy.start
        numbers = (source, output + copy.to, copy.lines, copy.runs, copy.size)
        strides = (copy.from_line, copy.to_line, copy.from_run, copy.to_run, copy.from_byte)
        blocks.append("{" + ", ".join(f"{number}u" for number in (*numbers, *strides)) + "}")
    body = ",\n    ".join(blocks)
    context.declare(
        f"{comment(step.name)}\nstatic const esnn_copy_t {name}_copies[{len(blocks)}] = {{\n    {body}}};\n"
    )
    filled = step.fill is not None
    fields = Struct(
        {
            "copies": f"{name}_copies",
            "count": f"{len(blocks)}u",
            "output": f"{output}u",
            "output_bytes": f"{step.output.size if filled else 0}u",
            "fill": step.fill if filled else 0,
        }
    )
    context.call("esnn_layout", "esnn_layout_t", name, fields)
