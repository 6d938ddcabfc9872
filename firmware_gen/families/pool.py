"""C of steps that pool stored spikes."""

from __future__ import annotations

from edge_snn.plan.pool import PoolStep
from firmware_gen.emit import Struct
from firmware_gen.families.context import Context
from firmware_gen.families.neuron import declare_window


def emit(context: Context, index: int, step: PoolStep) -> None:
    """Declares the step's struct, and its call."""
    name = f"step_{index}"
    fields = Struct(
        {
            "input": f"{context.offset(step.source.storage)}u",
            "output": f"{context.offset(step.output.storage)}u",
            "output_bytes": f"{step.output.size}u",
            "height": f"{step.image[0]}u",
            "width": f"{step.image[1]}u",
            "row_bytes": f"{step.source.position_stride}u",
            "window": declare_window(context, f"{name}_window", step.window, step.output.position_stride),
        }
    )
    context.call("esnn_pool_spikes", "esnn_pool_spikes_t", name, fields)
