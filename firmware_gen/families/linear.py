"""C of linear steps."""

from __future__ import annotations

from edge_snn.plan.linear import LinearStep
from edge_snn.plan.steps import padded
from firmware_gen.emit import Struct, bit_rows
from firmware_gen.families.chain import chain
from firmware_gen.families.context import Context
from firmware_gen.families.neuron import finish
from firmware_gen.families.vector import linear_lines, spikes, vector


def emit(context: Context, index: int, step: LinearStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    name, node, source = f"step_{index}", step.node, step.source
    cin, cout = node.weight.shape
    about = [f"{node.name}: linear [{cin}, {cout}]", context.bounds(node.name)]
    if step.vector is not None:
        lines = linear_lines(step.vector, source.positions)
        shared = vector(context, index, step.vector, node.weight, node.bias, source, lines, about, spikes(step.finish))
        fields = Struct({"layer": shared, "finish": finish(context, name, step.finish)})
        context.declare(f"static const esnn_vector_layer_t {name} = {fields.render()};\n")
        context.calls.append(f"esnn_vector_layer(&{name}, arena, result->counts)")
        return
    if step.chain is not None:
        fields = Struct(
            {
                "chain": chain(context, index, step.chain, node.weight, node.bias, source, about),
                "input": f"{context.offset(source.storage)}u",
                "positions": f"{source.positions}u",
                "position_stride": f"{source.position_stride}u",
                "finish": finish(context, name, step.finish),
            }
        )
        context.declare(f"static const esnn_linear_chain_t {name} = {fields.render()};\n")
        context.calls.append(f"esnn_linear_chain(&{name}, arena, result->counts)")
        return
    units = context.weights(f"{name}_weights", node.weight, about)
    context.numbers(f"{name}_bias", node.bias, [f"{node.name}: bias"], padded(cout))
    fields = Struct(
        {
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            "input": f"{context.offset(source.storage)}u",
            "positions": f"{source.positions}u",
            "step_stride": f"{source.step_stride}u",
            "row_bytes": f"{source.row_bytes}u",
            "bit_rows": bit_rows(units),
            "channels": f"{cout}u",
            "padded": f"{padded(cout)}u",
            "scratch_rows": f"{context.scratch(index, 'rows')}u",
            "scratch_acc": f"{context.scratch(index, 'sums')}u",
            "ternary": int(source.ternary),
            "finish": finish(context, name, step.finish),
        }
    )
    context.declare(f"static const esnn_linear_t {name} = {fields.render()};\n")
    context.calls.append(f"esnn_linear(&{name}, arena, result->counts)")
