"""C of attention steps."""

from __future__ import annotations

import numpy as np

from edge_snn.plan.attention import AttentionStep, Key
from edge_snn.plan.chain import BLOCK, Chain
from edge_snn.plan.steps import padded
from edge_snn.plan.vector import HEAD, Vector
from firmware_gen.emit import Struct, Value, bit_rows
from firmware_gen.families.chain import chain
from firmware_gen.families.context import Context
from firmware_gen.families.neuron import finish
from firmware_gen.families.vector import linear_lines, vector


def _by_head(values: np.ndarray, heads: int) -> np.ndarray:
    """[.., heads * d] -> [heads, .., padded(d)]."""
    width = values.shape[-1] // heads
    split = values.reshape(*values.shape[:-1], heads, width)
    room = np.zeros((heads, *values.shape[:-1], padded(width)), values.dtype)
    room[..., :width] = np.moveaxis(split, -2, 0)
    return room


def _roomy(values: np.ndarray, heads: int, fill: int) -> np.ndarray:
    """[.., heads * d] -> [.., heads * HEAD]: channels that are not there are filled."""
    width = values.shape[-1] // heads
    room = np.full((*values.shape[:-1], heads, HEAD), fill, values.dtype)
    room[..., :width] = values.reshape(*values.shape[:-1], heads, width)
    return room.reshape(*values.shape[:-1], heads * HEAD)


def _key(context: Context, name: str, step: AttentionStep) -> Struct:
    source, heads, key = step.key_source, step.node.heads, step.key
    fields: dict[str, int | str | Struct | None] = dict.fromkeys(("weights", "bias", "clip"))
    units = head_bytes = 0
    if key is not None:
        layer = key.layer
        about = [
            f"{layer.name}: K by head [{heads}, {layer.weight.shape[0]}, {step.width}]",
            context.bounds(layer.name),
        ]
        by_head = _by_head(layer.weight, heads)
        units = context.weights(f"{name}_weights", by_head, about)
        head_bytes = by_head[0].size
        context.numbers(f"{name}_bias", _by_head(layer.bias, heads), [f"{layer.name}: bias by head"])
        context.numbers(f"{name}_clip", key.clip.reshape(heads, -1)[:, 0], [f"{key.relu}: clip by head"])
        fields = {"weights": f"{name}_weights", "bias": f"{name}_bias", "clip": f"{name}_clip"}
    return Struct(
        {
            **fields,
            "input": f"{context.offset(source.storage)}u",
            "step_stride": f"{source.step_stride}u",
            "row_bytes": f"{source.row_bytes}u",
            "bit_rows": bit_rows(units),
            "head_bytes": f"{head_bytes}u",
            "ternary": int(source.ternary),
        }
    )


def _about(context: Context, key: Key) -> list[str]:
    return [f"{key.layer.name}: K, linear {list(key.layer.weight.shape)}", context.bounds(key.layer.name)]


def _operands(context: Context, step: AttentionStep) -> dict[str, Value]:
    """Where Q and V are, and how many heads they have."""
    query, value = step.query, step.value
    return {
        "query": f"{context.offset(query.storage)}u",
        "query_step": f"{query.step_stride}u",
        "query_position": f"{query.position_stride}u",
        "value": f"{context.offset(value.storage)}u",
        "value_step": f"{value.step_stride}u",
        "value_position": f"{value.position_stride}u",
        "value_minus": f"{value.row_bytes if value.ternary else 0}u",
        "heads": f"{step.node.heads}u",
        "width": f"{step.width}u",
        "positions": f"{query.positions}u",
    }


def _contexts(context: Context, index: int, step: AttentionStep) -> dict[str, Value]:
    """Where the contexts K^T V are summed."""
    return {
        "contexts": f"{context.scratch(index, 'contexts')}u",
        "context_bytes": f"{step.scratch['contexts']}u",
    }


def _chain(context: Context, index: int, step: AttentionStep, item: Chain, key: Key) -> None:
    """An attention with 16-bit K and contexts."""
    name, query, layer = f"step_{index}", step.query, key.layer
    shared = chain(context, index, item, layer.weight, layer.bias, step.key_source, _about(context, key))
    context.narrow(f"{name}_clip", np.broadcast_to(key.clip, (query.channels,)), [f"{key.relu}: clip by channel"])
    fields = Struct(
        {
            "key": shared,
            "clip": f"{name}_clip",
            "input": f"{context.offset(step.key_source.storage)}u",
            "input_position": f"{step.key_source.position_stride}u",
            **_operands(context, step),
            "channels": f"{query.channels}u",
            "mask": f"{(1 << step.width) - 1:#x}u",
            "row_words": "{" + ", ".join(str(step.width // 2 * row) for row in range(step.width)) + "}",
            "head_words": f"{step.width * step.width // 2}u",
            "key_stride": f"{item.blocks * BLOCK}u",
            "keys": f"{context.scratch(index, 'keys')}u",
            **_contexts(context, index, step),
            "sums": f"{context.scratch(index, 'mixed')}u",
            "sum_bytes": f"{4 * query.timesteps * item.blocks * BLOCK}u",
            "blocks": int(step.finish.blocks),
            "finish": finish(context, name, step.finish),
        }
    )
    context.call("esnn_attention_chain", "esnn_attention_chain_t", name, fields)


def _vector(context: Context, index: int, step: AttentionStep, item: Vector, key: Key) -> None:
    """The same for a core with vector registers."""
    name, channels, heads, source = f"step_{index}", step.query.channels, step.node.heads, step.key_source
    weight, bias = _roomy(key.layer.weight, heads, 0), _roomy(key.layer.bias, heads, 0)
    lines = linear_lines(item, source.positions)
    shared = vector(context, index, item, weight, bias, source, lines, _about(context, key))
    clips = _roomy(np.broadcast_to(key.clip, (channels,)), heads, 0)
    context.narrow(f"{name}_clip", clips, [f"{key.relu}: clip by channel"])
    neuron = step.finish.neuron
    assert neuron is not None  # plan.lower
    threshold = np.broadcast_to(neuron.node.threshold, (channels,)).astype(np.int32)
    limit = np.iinfo(np.int32).max
    context.numbers(f"{name}_heads", _roomy(threshold, heads, limit), [f"{neuron.node.name}: threshold by head"])
    fields = Struct(
        {
            "key": shared,
            "clip": f"{name}_clip",
            "threshold": f"{name}_heads",
            **_operands(context, step),
            **_contexts(context, index, step),
            "turned": f"{context.scratch(index, 'turned')}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.call("esnn_vector_attention", "esnn_vector_attention_t", name, fields)


def _general(context: Context, index: int, step: AttentionStep) -> None:
    """Any attention, in 32 bits."""
    name = f"step_{index}"
    operands = _operands(context, step)
    del operands["query_position"]
    fields = Struct(
        {
            "key": _key(context, name, step),
            **operands,
            "padded": f"{padded(step.width)}u",
            "scratch_rows": f"{context.scratch(index, 'rows')}u",
            "scratch_key": f"{context.scratch(index, 'key')}u",
            "scratch_acc": f"{context.scratch(index, 'sums')}u",
            "scratch_main": f"{context.scratch(index, 'main')}u",
            "main_stride": f"{step.main_stride}u",
            "scratch_scores": f"{context.scratch(index, 'scores') if step.node.order == 'qk_v' else 0}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.call(f"esnn_attention_{step.node.order}", "esnn_attention_t", name, fields)


def emit(context: Context, index: int, step: AttentionStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    if step.vector is not None and step.key is not None:
        _vector(context, index, step, step.vector, step.key)
    elif step.chain is not None and step.key is not None:
        _chain(context, index, step, step.chain, step.key)
    else:
        _general(context, index, step)
