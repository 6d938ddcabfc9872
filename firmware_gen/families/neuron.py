"""C of what ends a step: neuron, streams, pooling windows (esnn_finish.h)."""

from __future__ import annotations

import numpy as np

from edge_snn.plan.chain import BLOCK
from edge_snn.plan.steps import Finish, NeuronPart, Stream, Window
from firmware_gen.emit import Struct, span_array
from firmware_gen.families.context import INT16_MAX, Context

RESETS = {"zero": "ESNN_RESET_ZERO", "subtract": "ESNN_RESET_SUBTRACT", "none": "ESNN_RESET_NONE"}


def stream(context: Context, item: Stream) -> Struct:
    """esnn_stream_t of a stored current."""
    return Struct(
        {
            "offset": f"{context.offset(item.storage)}u",
            "bytes": f"{item.size}u",
            "position_stride": f"{item.position_stride}u",
            "step_stride": f"{item.step_stride}u",
            "steps": item.steps,
            "wide": int(item.wide),
        }
    )


def declare_window(context: Context, name: str, window: Window, position_stride: int) -> Struct:
    """Declares the span tables of a scatter; returns its esnn_window_t."""
    row_stride = window.out_width * position_stride
    context.declare(span_array(f"{name}_rows", window.rows, row_stride))
    context.declare(span_array(f"{name}_columns", window.columns, position_stride))
    return Struct(
        {
            "rows": f"{name}_rows",
            "columns": f"{name}_columns",
            "row_stride": f"{row_stride}u",
            "position_stride": f"{position_stride}u",
        }
    )


def declare_neuron(context: Context, name: str, part: NeuronPart) -> None:
    """Declares the esnn_neuron_t ``name``."""
    node, output = part.node, part.output
    about = [f"{node.name}: {node.polarity} neuron", context.bounds(node.name)]
    threshold = np.broadcast_to(node.threshold, (output.channels,)).astype(np.int32)
    room = np.full(-(-output.channels // BLOCK) * BLOCK, np.iinfo(np.int32).max, np.int32)
    room[: output.channels] = threshold
    context.numbers(f"{name}_threshold", room, about)
    if part.narrow:
        context.narrow(f"{name}_narrow", threshold, [f"{node.name}: threshold for blocks"], INT16_MAX)
    window = None
    if part.window is not None:
        table = declare_window(context, f"{name}_window", part.window, output.position_stride)
        context.declare(f"static const esnn_window_t {name}_window = {table.render()};\n")
        window = f"&{name}_window"
    shifts = ", ".join(map(str, node.leak_shifts)) or "0"
    fields = Struct(
        {
            "threshold": f"{name}_threshold",
            "narrow_threshold": f"{name}_narrow" if part.narrow else None,
            "offset": f"{context.offset(output.storage)}u",
            "bytes": f"{output.size}u",
            "position_stride": f"{output.position_stride}u",
            "step_stride": f"{output.step_stride}u",
            "minus": f"{output.row_bytes if output.ternary else 0}u",
            "window": window,
            "counter": f"{part.counter}u",
            "lanes": int(part.lanes),
            "ternary": int(output.ternary),
            "reset": RESETS[node.reset],
            "shifts": len(node.leak_shifts),
            "shift": f"{{{shifts}}}",
        }
    )
    context.declare(f"static const esnn_neuron_t {name} = {fields.render()};\n")


def finish(context: Context, name: str, item: Finish) -> Struct:
    """Declares the parts of a finish; returns its esnn_finish_t."""
    parts: dict[str, str | None] = dict.fromkeys(("residual", "store", "pooled", "pooled_window", "neuron"))
    for key, value in (("residual", item.residual), ("store", item.store), ("pooled", item.pooled)):
        if value is not None:
            rendered = stream(context, value).render()
            context.declare(f"static const esnn_stream_t {name}_{key} = {rendered};\n")
            parts[key] = f"&{name}_{key}"
    if item.pooled is not None and item.pooled_window is not None:
        table = declare_window(context, f"{name}_pool", item.pooled_window, item.pooled.position_stride)
        context.declare(f"static const esnn_window_t {name}_pool = {table.render()};\n")
        parts["pooled_window"] = f"&{name}_pool"
    if item.neuron is not None:
        declare_neuron(context, f"{name}_neuron", item.neuron)
        parts["neuron"] = f"&{name}_neuron"
    shape = {"timesteps": context.plan.timesteps, "steps": item.steps, "narrow": int(item.narrow)}
    return Struct({**parts, **shape, "width": f"{item.width}u"})
