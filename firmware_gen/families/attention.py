"""C of attention steps."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Relu
from edge_snn.plan.attention import AttentionStep
from edge_snn.plan.chain import BLOCK, Chain, block_finish
from edge_snn.plan.steps import Spikes, padded
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
    source, heads = step.key_source, step.node.heads
    fields: dict[str, int | str | Struct | None] = dict.fromkeys(("weights", "bias", "clip"))
    units = head_bytes = 0
    if step.key_layer is not None and step.key_relu is not None:
        layer, clip = step.key_layer, step.key_relu.clip
        assert clip is not None  # an integer graph has clips
        about = [
            f"{layer.name}: K by head [{heads}, {layer.weight.shape[0]}, {step.width}]",
            context.bounds(layer.name),
        ]
        by_head = _by_head(layer.weight, heads)
        units = context.weights(f"{name}_weights", by_head, about)
        head_bytes = by_head[0].size
        context.numbers(f"{name}_bias", _by_head(layer.bias, heads), [f"{layer.name}: bias by head"])
        context.numbers(f"{name}_clip", clip.reshape(heads, -1)[:, 0], [f"{step.key_relu.name}: clip by head"])
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


def _chain(context: Context, index: int, step: AttentionStep, item: Chain, layer: Linear, relu: Relu) -> None:
    """An attention with 16-bit K and contexts."""
    name, query, value, heads = f"step_{index}", step.query, step.value, step.node.heads
    about = [f"{layer.name}: K, linear {list(layer.weight.shape)}", context.bounds(layer.name)]
    key = chain(context, index, item, layer.weight, layer.bias, step.key_source, about)
    clip = relu.clip
    assert clip is not None  # an integer graph has clips
    context.narrow(f"{name}_clip", np.broadcast_to(clip, (query.channels,)), [f"{relu.name}: clip by channel"])
    fields = Struct(
        {
            "key": key,
            "clip": f"{name}_clip",
            "input": f"{context.offset(step.key_source.storage)}u",
            "input_position": f"{step.key_source.position_stride}u",
            **_operands(context, query, value),
            "heads": f"{heads}u",
            "width": f"{step.width}u",
            "channels": f"{query.channels}u",
            "positions": f"{query.positions}u",
            "mask": f"{(1 << step.width) - 1:#x}u",
            "row_words": "{" + ", ".join(str(step.width // 2 * row) for row in range(step.width)) + "}",
            "head_words": f"{step.width * step.width // 2}u",
            "key_stride": f"{item.blocks * BLOCK}u",
            "keys": f"{context.scratch(index, 'keys')}u",
            "contexts": f"{context.scratch(index, 'contexts')}u",
            "context_bytes": f"{step.scratch['contexts']}u",
            "sums": f"{context.scratch(index, 'mixed')}u",
            "sum_bytes": f"{4 * query.timesteps * item.blocks * BLOCK}u",
            "blocks": int(block_finish(context.model, step.finish)),
            "finish": finish(context, name, step.finish),
        }
    )
    context.declare(f"static const esnn_attention_chain_t {name} = {fields.render()};\n")
    context.calls.append(f"esnn_attention_chain(&{name}, arena, result->counts)")


def _vector(context: Context, index: int, step: AttentionStep, item: Vector, layer: Linear, relu: Relu) -> None:
    """The same for a core with vector registers."""
    name, query, value, source = f"step_{index}", step.query, step.value, step.key_source
    about = [f"{layer.name}: K, linear {list(layer.weight.shape)}", context.bounds(layer.name)]
    heads = step.node.heads
    weight, bias = _roomy(layer.weight, heads, 0), _roomy(layer.bias, heads, 0)
    key = vector(context, index, item, weight, bias, source, linear_lines(item, source.positions), about)
    clip = relu.clip
    assert clip is not None  # an integer graph has clips
    clips = _roomy(np.broadcast_to(clip, (query.channels,)), heads, 0)
    context.narrow(f"{name}_clip", clips, [f"{relu.name}: clip by channel"])
    neuron = step.finish.neuron
    assert neuron is not None  # plan.lower
    threshold = np.broadcast_to(neuron.node.threshold, (query.channels,)).astype(np.int32)
    limit = np.iinfo(np.int32).max
    context.numbers(f"{name}_heads", _roomy(threshold, heads, limit), [f"{neuron.node.name}: threshold by head"])
    fields = Struct(
        {
            "key": key,
            "clip": f"{name}_clip",
            "threshold": f"{name}_heads",
            **_operands(context, query, value),
            "heads": f"{heads}u",
            "width": f"{step.width}u",
            "positions": f"{query.positions}u",
            "contexts": f"{context.scratch(index, 'contexts')}u",
            "context_bytes": f"{step.scratch['contexts']}u",
            "turned": f"{context.scratch(index, 'turned')}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.declare(f"static const esnn_vector_attention_t {name} = {fields.render()};\n")
    context.calls.append(f"esnn_vector_attention(&{name}, arena, result->counts)")


def _operands(context: Context, query: Spikes, value: Spikes) -> dict[str, Value]:
    """Where Q and V are."""
    return {
        "query": f"{context.offset(query.storage)}u",
        "query_step": f"{query.step_stride}u",
        "query_position": f"{query.position_stride}u",
        "value": f"{context.offset(value.storage)}u",
        "value_step": f"{value.step_stride}u",
        "value_position": f"{value.position_stride}u",
        "value_minus": f"{value.row_bytes if value.ternary else 0}u",
    }


def emit(context: Context, index: int, step: AttentionStep) -> None:
    """Declares the step's arrays and struct, and its call."""
    if step.vector is not None and step.key_layer is not None and step.key_relu is not None:
        _vector(context, index, step, step.vector, step.key_layer, step.key_relu)
        return
    if step.chain is not None and step.key_layer is not None and step.key_relu is not None:
        _chain(context, index, step, step.chain, step.key_layer, step.key_relu)
        return
    name, query, value = f"step_{index}", step.query, step.value
    ordered = step.node.order == "qk_v"
    fields = Struct(
        {
            "key": _key(context, name, step),
            "query": f"{context.offset(query.storage)}u",
            "query_step": f"{query.step_stride}u",
            "value": f"{context.offset(value.storage)}u",
            "value_step": f"{value.step_stride}u",
            "value_minus": f"{value.row_bytes if value.ternary else 0}u",
            "value_position": f"{value.position_stride}u",
            "heads": f"{step.node.heads}u",
            "width": f"{step.width}u",
            "padded": f"{padded(step.width)}u",
            "positions": f"{query.positions}u",
            "scratch_rows": f"{context.scratch(index, 'rows')}u",
            "scratch_key": f"{context.scratch(index, 'key')}u",
            "scratch_acc": f"{context.scratch(index, 'sums')}u",
            "scratch_main": f"{context.scratch(index, 'main')}u",
            "main_stride": f"{step.main_stride}u",
            "scratch_scores": f"{context.scratch(index, 'scores') if ordered else 0}u",
            "finish": finish(context, name, step.finish),
        }
    )
    context.declare(f"static const esnn_attention_t {name} = {fields.render()};\n")
    context.calls.append(f"esnn_attention_{step.node.order}(&{name}, arena, result->counts)")
