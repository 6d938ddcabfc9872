"""C of the readout."""

from __future__ import annotations

from edge_snn.plan.readout import ReadoutStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context, rows_of


def emit(context: Context, index: int, step: ReadoutStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    name, node, source = f"step_{index}", step.node, step.source
    cin, classes = node.weight.shape
    about = [f"{node.name}: readout [{cin}, {classes}]", context.bounds(node.name)]
    fields = Struct(
        {
            **context.general(name, node.weight, node.bias, about, f"{node.name}: bias, added once"),
            "input": f"{context.offset(source.storage)}u",
            "rows": f"{source.positions * source.timesteps}u",
            "classes": f"{classes}u",
            **rows_of(context, index, source),
        }
    )
    kernel = "esnn_vector_readout" if context.plan.vectors and not source.ternary else "esnn_readout"
    context.call(kernel, "esnn_readout_t", name, fields, "logits")
