"""C of what the vector kernels share (esnn_vector.h)."""

from __future__ import annotations

import numpy as np

from edge_snn.plan.chain import BLOCK
from edge_snn.plan.steps import Finish, Spikes
from edge_snn.plan.vector import PARTS, TIMESTEPS, UNIT, Vector
from firmware_gen.emit import Struct, Value, array, span_array
from firmware_gen.families.context import Context

LANES = 8  # outputs of a vector


def _list(values: list[int]) -> str:
    return "{" + ", ".join(f"{value}u" for value in values) + "}"


def linear_lines(item: Vector, positions: int) -> dict[str, Value]:
    """The geometry of a linear layer: lines of some positions."""
    height, width = positions // item.width, item.width
    size: dict[str, Value] = {"height": height, "width": width, "out_height": height, "out_width": width}
    return {**size, "stride_y": 1, "stride_x": 1, "top": 0, "left": 0}


def spikes(finish: Finish) -> int:
    """Bytes of the spikes of a position that a layer makes, pooled or not."""
    return 0 if finish.neuron is None else finish.neuron.output.position_stride


def vector(
    context: Context,
    index: int,
    item: Vector,
    weight: np.ndarray,
    bias: np.ndarray,
    source: Spikes,
    geometry: dict[str, Value],
    about: list[str],
    made: int = 0,
) -> Struct:
    """Declares weights and biases of step ``index``; returns its esnn_vector_t.

    Args:
        weight: int8 [.., inputs of a position, channels].
        geometry: height, width, out_height, out_width, stride_y, stride_x, top, left.
        made: bytes of the spikes that it makes of a position.
    """
    name = f"step_{index}"
    rows = np.zeros((weight.size // item.channels, item.row_bytes), np.int8)
    rows[:, : item.channels] = weight.reshape(-1, item.channels)
    context.declare(array(f"{name}_weights", rows, about))
    context.narrow(f"{name}_bias", bias, ["bias"])
    if item.windows:
        context.declare(span_array(f"{name}_across", item.windows, made or 2 * TIMESTEPS * item.row_bytes))
    units = item.row_bytes // UNIT
    kh, kw = item.kernel
    step = PARTS * kh  # pointers of the marks of a position
    position_rows = item.inputs * item.row_bytes
    stride_x, left = geometry["stride_x"], geometry["left"]
    assert isinstance(stride_x, int)
    assert isinstance(left, int)
    return Struct(
        {
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            "blocks": f"{item.blocks}u",
            "vectors": f"{-(-item.channels // LANES)}u",
            "plane": _list([step * source.step_stride for step in item.order]),
            "sum": _list([step * item.blocks * BLOCK for step in item.order]),
            "place": _list([(31 - k) * units for k in range(32)]),
            "word_units": f"{32 * units}u",
            "position_units": f"{item.inputs * units}u",
            "words": f"{source.row_bytes // 4}u",
            "last_half": f"{int(source.row_bytes % 4 != 0)}u",
            "input": f"{context.offset(source.storage)}u",
            "position_bytes": f"{source.position_stride}u",
            "line_bytes": f"{item.width * source.position_stride}u",
            **geometry,
            "kernel_height": kh,
            "kernel_width": kw,
            "line_rows": kw * position_rows,
            "step_rows": stride_x * position_rows,
            "origin_rows": left * position_rows,
            "lists": f"{context.scratch(index, 'lists')}u",
            "list_bytes": f"{item.list_bytes}u",
            "line_list_bytes": f"{PARTS * item.list_bytes}u",
            "marks": f"{context.scratch(index, 'marks')}u",
            "line_marks": f"{item.marks}u",
            "right_marks": f"{item.marks - left - item.width - 1}u",
            "mark_step": f"{step}u",
            "mark_window": f"{kw * step}u",
            "mark_stride": f"{stride_x * step}u",
            "line_sums": f"{item.scratch['sums']}u",
            "line_spikes": f"{item.out_width * made}u",
            "sums": f"{context.scratch(index, 'sums')}u",
            "windows": f"{name}_across" if item.windows else None,
            "window_count": f"{len(item.windows)}u",
            "row": f"{context.scratch(index, 'row') if item.gathered else 0}u",
        }
    )
