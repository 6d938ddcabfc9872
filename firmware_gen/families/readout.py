"""C of the readout."""

from __future__ import annotations

from edge_snn.plan.readout import ReadoutStep
from edge_snn.plan.steps import padded
from firmware_gen.emit import Struct, bit_rows
from firmware_gen.families.context import Context


def emit(context: Context, index: int, step: ReadoutStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    name, node, source = f"step_{index}", step.node, step.source
    cin, classes = node.weight.shape
    about = [f"{node.name}: readout [{cin}, {classes}]", context.bounds(node.name)]
    units = context.weights(f"{name}_weights", node.weight, about)
    context.numbers(f"{name}_bias", node.bias, [f"{node.name}: bias, added once"], padded(classes))
    fields = Struct(
        {
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            "input": f"{context.offset(source.storage)}u",
            "rows": f"{source.positions * source.timesteps}u",
            "step_stride": f"{source.step_stride}u",
            "row_bytes": f"{source.row_bytes}u",
            "bit_rows": bit_rows(units),
            "classes": f"{classes}u",
            "padded": f"{padded(classes)}u",
            "scratch_rows": f"{context.scratch(index, 'rows')}u",
            "scratch_acc": f"{context.scratch(index, 'sums')}u",
            "ternary": int(source.ternary),
        }
    )
    context.declare(f"static const esnn_readout_t {name} = {fields.render()};\n")
    kernel = "esnn_vector_readout" if context.plan.vectors and not source.ternary else "esnn_readout"
    context.calls.append(f"{kernel}(&{name}, arena, result->logits)")
