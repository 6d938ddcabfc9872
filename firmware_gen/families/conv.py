"""C of convolution steps."""

from __future__ import annotations

import numpy as np

from edge_snn.plan.chain import BLOCK
from edge_snn.plan.conv import ConvStep, Table
from edge_snn.plan.pixels import NARROW, ROW_BYTES, Pixels
from edge_snn.plan.steps import padded
from firmware_gen.emit import Struct, Value, array, words
from firmware_gen.families.chain import chain
from firmware_gen.families.context import INT16_MAX, Context, rows_of
from firmware_gen.families.neuron import finish
from firmware_gen.families.vector import spikes, vector


def _table_words(weight: np.ndarray) -> np.ndarray:
    """int8 weights [kh, kw, cin, cout] times 0 .. 15, as uint32 [blocks, inputs, 16, 8], two sums a word."""
    cout = weight.shape[-1]
    room = np.zeros((weight.size // cout, -(-cout // BLOCK) * BLOCK), np.int64)
    room[:, :cout] = weight.reshape(-1, cout)
    products = room[:, None, :] * np.arange(16)[None, :, None]
    pairs = products.reshape(len(room), 16, -1, BLOCK // 2, 2)
    return ((pairs[..., 0] + (pairs[..., 1] << 16)) & 0xFFFFFFFF).astype(np.uint32).transpose(2, 0, 1, 3)


def _lanes(values: np.ndarray, blocks: int, fill: int) -> np.ndarray:
    """[.., channels] as int16 [.., blocks, 16]: in each block even channels, then odd ones (esnn_vector_pixels.h)."""
    room = np.full((*values.shape[:-1], blocks * BLOCK), fill, np.int16)
    room[..., : values.shape[-1]] = values
    return (
        room.reshape(*values.shape[:-1], blocks, BLOCK // 2, 2)
        .swapaxes(-1, -2)
        .reshape(*values.shape[:-1], blocks, BLOCK)
    )


def _shaped(geometry: dict[str, Value]) -> dict[str, Value]:
    """The geometry as fields ``input`` and ``shape``: esnn_shape_t."""
    return {"input": geometry["input"], "shape": Struct({k: v for k, v in geometry.items() if k != "input"})}


def _pixels(context: Context, index: int, step: ConvStep, item: Pixels, geometry: dict[str, Value]) -> None:
    """The same for a core with vector registers."""
    name, node = f"step_{index}", step.node
    kh, kw, cin, cout = node.weight.shape
    blocks = -(-cout // BLOCK)
    about = [f"{node.name}: convolution [{kh}, {kw}, {cin}, {cout}], times 0 .. 15", context.bounds(node.name)]
    products = node.weight.reshape(-1, 1, cout).astype(np.int16) * np.arange(16, dtype=np.int16)[:, None]

    def lanes(values: np.ndarray, fill: int) -> np.ndarray:
        """[.., channels] as int16 [blocks, .., lanes]."""
        if not item.narrow:
            return np.moveaxis(_lanes(values, blocks, fill), -2, 0)
        room = np.full((1, *values.shape[:-1], NARROW), fill, np.int16)
        room[0, ..., :cout] = values
        return room

    table = lanes(products, 0)
    context.declare(array(f"{name}_table", table, about))
    context.declare(array(f"{name}_start", lanes(item.start, 0), ["where upper sums begin"]))
    least = lanes(item.threshold, INT16_MAX)
    context.declare(array(f"{name}_least", least, ["least value that has fired by each step"]))
    row_bytes = NARROW * 2 if item.narrow else ROW_BYTES
    row = 16 * row_bytes * cin  # bytes of the table of one position
    stride_x, left = node.stride[1], node.padding[1]
    same = "input height width out_height out_width kernel_height kernel_width stride_y stride_x top left".split()
    fields = Struct(
        {
            "table": f"{name}_table",
            "start": f"{name}_start",
            "threshold": f"{name}_least",
            "narrow": int(item.narrow),
            "black": "{" + ", ".join(f"{word:#x}u" for word in (item.black if item.narrow else (0, 0))) + "}",
            "row_shift": f"{row_bytes.bit_length() - 1}u",
            "block_bytes": f"{table[0].nbytes}u",
            "blocks": f"{blocks}u",
            **{key: geometry[key] for key in same},
            "line_pixels": item.line,
            "line_marks": f"{item.marks}u",
            "right_marks": f"{item.marks - left - step.image[1] - 1}u",
            "mark_window": f"{kw * kh}u",
            "mark_stride": f"{stride_x * kh}u",
            "line_spikes": f"{step.out[1] * spikes(step.finish)}u",
            "position_pixels": cin,
            "line_rows": kw * row,
            "step_rows": stride_x * row,
            "origin_rows": left * row,
            "lists": f"{context.scratch(index, 'lists')}u",
            "marks": f"{context.scratch(index, 'marks')}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.call("esnn_vector_pixels", "esnn_vector_pixels_t", name, fields)


def _table(context: Context, index: int, step: ConvStep, item: Table, geometry: dict[str, Value]) -> None:
    """A convolution of pixels by tables."""
    name, node, neuron = f"step_{index}", step.node, step.finish.neuron
    assert neuron is not None  # plan.conv.plan_table
    kh, kw, cin, cout = node.weight.shape
    about = [f"{node.name}: convolution [{kh}, {kw}, {cin}, {cout}], times 0 .. 15", context.bounds(node.name)]
    table = _table_words(node.weight)
    context.declare(words(f"{name}_table", table, about, ""))
    blocks = len(table)
    context.numbers(f"{name}_bias", node.bias, [f"{node.name}: bias"], blocks * BLOCK)
    room = np.full((4, blocks * BLOCK), np.iinfo(np.int32).max, np.int64)
    room[:, :cout] = item.least
    context.numbers(
        f"{name}_static",
        room.reshape(4, blocks, BLOCK).transpose(1, 0, 2),
        [f"{neuron.node.name}: smallest current that has fired by each step"],
    )
    fields = Struct(
        {
            "table": f"{name}_table",
            "bias": f"{name}_bias",
            "threshold": f"{name}_static",
            "block_words": f"{table[0].size}u",
            "channels": f"{cout}u",
            **_shaped(geometry),
            "window_bytes": kw * cin,
            "tap_rows": f"{16 * cin}u",
            "line_rows": f"{16 * cin * kw}u",
            "scratch_upper": f"{context.scratch(index, 'upper')}u",
            "scratch_lower": f"{context.scratch(index, 'lower')}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.call("esnn_conv2d_table", "esnn_conv2d_table_t", name, fields)


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
    }
    if step.vector is not None and source is not None:
        keys = "height width out_height out_width stride_y stride_x top left".split()
        shape = {key: geometry[key] for key in keys}
        shared = vector(context, index, step.vector, node.weight, node.bias, source, shape, about, spikes(step.finish))
        fields = Struct({"layer": shared, "finish": finish(context, name, step.finish)})
        context.call("esnn_vector_layer", "esnn_vector_layer_t", name, fields)
        return
    if step.chain is not None and source is not None:
        shared = chain(context, index, step.chain, node.weight, node.bias, source, about, "masks")
        for field in ("window_step", "window_line", "window_origin"):
            del geometry[field]
        columns = step.chain.columns
        geometry["line_map"] = f"{step.chain.line_map}u"
        geometry["map_words"] = f"{(kh + 1) * step.chain.line_map // 4}u"
        geometry["behind"] = f"{columns.behind + 1}u"
        parts = 2 * step.finish.steps - 1
        geometry["window_starts"] = f"{kw * parts}u"
        geometry["step_starts"] = f"{node.stride[1] * parts}u"
        geometry["all_rows"] = f"{columns.all * columns.rows}u"
        geometry["first_row"] = f"0u - {(columns.all - left) * columns.rows}u"
        geometry["step_rows"] = f"{node.stride[1] * columns.rows}u"
        geometry["slots"] = f"{context.scratch(index, 'slots')}u"
        geometry["starts"] = f"{context.scratch(index, 'starts')}u"
        geometry["columns"] = f"{context.scratch(index, 'columns')}u"
        geometry["column_bytes"] = f"{step.column_bytes}u"
        geometry["columns_bytes"] = f"{step.column_bytes * kw}u"
        geometry["pool_lanes"] = int(step.pool_lanes)
        fields = Struct({"chain": shared, **geometry, "finish": finish(context, name, step.finish)})
        context.call("esnn_conv2d_chain", "esnn_conv2d_chain_t", name, fields)
        return
    if step.pixels is not None:
        _pixels(context, index, step, step.pixels, geometry)
        return
    if step.table is not None:
        _table(context, index, step, step.table, geometry)
        return
    general = context.general(name, node.weight, node.bias, about, f"{node.name}: bias")
    units = padded(cout) // 8
    fields = Struct(
        {
            **general,
            **_shaped(geometry),
            "inputs": f"{cin}u",
            "row_units": f"{units}u",
            "tap_units": f"{cin * units}u",
            "channels": f"{cout}u",
            "window_inputs": f"{kh * kw * cin}u",
            **rows_of(context, index, source),
            "finish": finish(context, name, step.finish),
        }
    )
    kernel = "esnn_conv2d_pixels" if source is None else "esnn_conv2d_spikes"
    context.call(kernel, "esnn_conv2d_t", name, fields)
