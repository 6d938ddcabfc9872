"""C of convolution steps."""

from __future__ import annotations

from edge_snn.plan.conv import ConvStep
from edge_snn.plan.steps import padded
from firmware_gen.emit import Struct, Value, bit_rows
from firmware_gen.families.chain import chain
from firmware_gen.families.context import Context
from firmware_gen.families.neuron import finish


def emit(context: Context, index: int, step: ConvStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    name, node = f"step_{index}", step.node
    kh, kw, cin, cout = node.weight.shape
    about = [f"{node.name}: convolution [{kh}, {kw}, {cin}, {cout}]", context.bounds(node.name)]
    height, width, _ = step.image
    source = step.source
    position = cin if source is None else source.position_stride
    line = position * width
    top, left = node.padding[:2]
    geometry: dict[str, Value] = {
        "input": f"{context.offset(step.source_storage)}u",
        "height": height,
        "width": width,
        "out_height": step.out[0],
        "out_width": step.out[1],
        "kernel_height": kh,
        "kernel_width": kw,
        "stride_y": node.stride[0],
        "stride_x": node.stride[1],
        "top": top,
        "left": left,
        "position_stride": position,
        "line_stride": line,
        "window_step": node.stride[1] * position,
        "window_line": node.stride[0] * line,
        "window_origin": -(top * line + left * position),
        "inputs": f"{cin}u",
    }
    if step.chain is not None and source is not None:
        shared = chain(context, index, step.chain, node.weight, node.bias, source, about)
        fields = Struct({"chain": shared, **geometry, "finish": finish(context, name, step.finish)})
        context.declare(f"static const esnn_conv2d_chain_t {name} = {fields.render()};\n")
        context.calls.append(f"esnn_conv2d_chain(&{name}, arena, result->counts)")
        return
    units = context.weights(f"{name}_weights", node.weight, about)
    context.numbers(f"{name}_bias", node.bias, [f"{node.name}: bias"], padded(cout))
    fields = Struct(
        {
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            **geometry,
            "step_stride": f"{0 if source is None else source.step_stride}u",
            "row_bytes": f"{0 if source is None else source.row_bytes}u",
            "row_units": f"{units}u",
            "bit_rows": bit_rows(units),
            "tap_units": f"{cin * units}u",
            "channels": f"{cout}u",
            "padded": f"{padded(cout)}u",
            "window_inputs": f"{kh * kw * cin}u",
            "scratch_rows": f"{context.scratch(index, 'rows')}u",
            "scratch_acc": f"{context.scratch(index, 'sums')}u",
            "ternary": int(source is not None and source.ternary),
            "finish": finish(context, name, step.finish),
        }
    )
    context.declare(f"static const esnn_conv2d_t {name} = {fields.render()};\n")
    kernel = "esnn_conv2d_pixels" if source is None else "esnn_conv2d_spikes"
    context.calls.append(f"{kernel}(&{name}, arena, result->counts)")
