"""C of linear steps."""

from __future__ import annotations

from edge_snn.plan.linear import LinearStep
from firmware_gen.emit import Struct
from firmware_gen.families.chain import chain
from firmware_gen.families.context import Context, rows_of
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
        context.call("esnn_vector_layer", "esnn_vector_layer_t", name, fields)
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
        context.call("esnn_linear_chain", "esnn_linear_chain_t", name, fields)
        return
    fields = Struct(
        {
            **context.general(name, node.weight, node.bias, about, f"{node.name}: bias"),
            "input": f"{context.offset(source.storage)}u",
            "positions": f"{source.positions}u",
            "channels": f"{cout}u",
            **rows_of(context, index, source),
            "finish": finish(context, name, step.finish),
        }
    )
    context.call("esnn_linear", "esnn_linear_t", name, fields)
