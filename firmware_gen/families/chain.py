"""C of what the chain kernels share (esnn_chain.h)."""

from __future__ import annotations

import numpy as np

from edge_snn.plan.chain import BLOCK, Chain
from edge_snn.plan.steps import Spikes
from firmware_gen.emit import Struct, biases
from firmware_gen.families.context import Context, padded_to_blocks


def _list(values: list[int]) -> str:
    return "{" + ", ".join(f"{value}u" for value in values) + "}"


def chain(
    context: Context,
    index: int,
    item: Chain,
    weight: np.ndarray,
    bias: np.ndarray,
    source: Spikes,
    about: list[str],
    masks: str = "map",
) -> Struct:
    """Declares weights and biases of step ``index``; returns its esnn_chain_t. ``masks``: where they are in scratch."""
    name = f"step_{index}"
    if weight.ndim == 4:
        weight = weight.swapaxes(0, 1)  # rows by columns of the window
    context.blocks(f"{name}_weights", weight, about, item.nibbles)
    bias_macro = "ESNN_NIBBLE_BIAS" if item.nibbles else "ESNN_BIAS"
    context.declare(biases(f"{name}_bias", padded_to_blocks(bias), ["bias"], bias_macro))
    return Struct(
        {
            "weights": f"{name}_weights",
            "bias": f"(const int16_t *)(const void *){name}_bias",
            "block_words": f"{item.inputs * 2}u * ESNN_NIBBLE_WORDS"
            if item.nibbles
            else f"{item.inputs * 4}u * ESNN_WORDS",
            "blocks": f"{item.blocks}u",
            "channels": f"{item.channels}u",
            "plane": _list([step * source.step_stride for step in item.order]),
            "sum": _list([step * BLOCK for step in item.order]),
            "inputs": f"{source.channels}u",
            "position_bytes": f"{source.position_stride}u",
            "row_bytes": f"{source.row_bytes}u",
            "places": f"{len(item.order)}u",
            "map_bytes": f"{item.columns.map_bytes}u",
            "position_map": f"{item.columns.position_bytes}u",
            "column_rows": f"{item.columns.rows}u",
            **{part: f"{context.scratch(index, part)}u" for part in item.scratch},
            "runs": f"{context.scratch(index, 'list') + item.runs_at}u",
            "masks": f"{context.scratch(index, masks)}u",
            "nibbles": "ESNN_NIBBLE_ROWS" if item.nibbles else 0,
        }
    )
