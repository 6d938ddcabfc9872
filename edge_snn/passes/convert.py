"""The converter: a float graph becomes an integer model with proved bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edge_snn import __version__
from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import INT16_MAX, EdgeFacts
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import FLOAT, INTEGER, Node
from edge_snn.graph.readout import Readout
from edge_snn.passes import attention, bounds, conv, linear, neuron, readout
from edge_snn.passes.scales import FULL_BITS, ScalePlan, bits_of, choose
from edge_snn.passes.sharing import choose_orders
from edge_snn.reference import run
from edge_snn.reference.executor import DEFAULT_BATCH

COARSENING_ROUNDS = 8


@dataclass(frozen=True)
class ConvertOptions:
    """Choices of a conversion.

    Attributes:
        weight_bits: 2 to 8 bits per weight of layers of spikes (pixels and the readout: 8); stored as int8.
        name: of the model; "" keeps the graph's.
        classes: names of the logits; () numbers them.
    """

    weight_bits: int = 8
    name: str = ""
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 2 <= self.weight_bits <= 8:
            raise InputError(f"weight bits must be 2 to 8, not {self.weight_bits}")


@dataclass(frozen=True)
class Conversion:
    """A converted model and what the converter has to say about it.

    Attributes:
        coarsened: channels whose scale was made coarser so that a stream fits 16 bits, by group.
        wide_streams: stream edges that need 32 bits all the same.
        clipped: share of K values that the clip cut on the calibration images, by ReLU name; empty
            without calibration.
    """

    model: IntegerModel
    coarsened: Mapping[str, int] = field(default_factory=dict)
    wide_streams: tuple[str, ...] = ()
    clipped: Mapping[str, float] = field(default_factory=dict)


def _quantise_node(node: Node, graph: Graph, plan: ScalePlan, bits: int, clips: Mapping[str, np.ndarray]) -> Node:
    scale, bits = plan.scales[node.name], bits_of(graph, node, bits)
    if isinstance(node, Conv2D):
        return conv.quantise(node, scale, bits)
    if isinstance(node, Linear):
        return linear.quantise(node, scale, bits)
    if isinstance(node, Neuron):
        return neuron.quantise(node, plan.scales[node.inputs[0]], graph.specs[node.name].channels)
    if isinstance(node, Relu):
        return replace(node, clip=clips.get(node.name, np.full(graph.specs[node.name].channels, 1 << 30, np.int32)))
    if isinstance(node, Attention):
        return attention.quantise(node, graph.specs[node.name])
    if isinstance(node, Readout):
        spec = graph.specs[node.inputs[0]]
        return readout.quantise(node, spec.positions * graph.timesteps, bits)[0]
    return node


def _quantise(graph: Graph, plan: ScalePlan, options: ConvertOptions, clips: Mapping[str, np.ndarray]) -> Graph:
    nodes = tuple(_quantise_node(node, graph, plan, options.weight_bits, clips) for node in graph.nodes)
    return Graph(options.name or graph.name, graph.timesteps, graph.image, nodes, INTEGER)


def _head_width(graph: Graph, relu: Relu) -> int:
    """Width of the heads that a ReLU's attention has: its clip is one number per head."""
    for node in graph.consumers(relu.name):
        if isinstance(node, Attention):
            return graph.specs[relu.name].channels // node.heads
    return graph.specs[relu.name].channels


def _per_head(graph: Graph, relu: Relu, per_channel: np.ndarray) -> np.ndarray:
    """The largest value of each head, at least 1, for each of its channels; int32 [channels]."""
    width = _head_width(graph, relu)
    largest = np.maximum(per_channel, 1).reshape(-1, width).max(axis=1)
    return np.repeat(largest, width).astype(np.int32)


def _bound_clips(integer: Graph) -> dict[str, np.ndarray]:
    """Clips that cut nothing: the proved bound of each head's K."""
    edges, _ = bounds.intervals(integer)
    relus = [node for node in integer.nodes if isinstance(node, Relu)]
    return {relu.name: _per_head(integer, relu, edges[relu.inputs[0]].high) for relu in relus}


def _fit_streams(
    graph: Graph, options: ConvertOptions, coarser: Mapping[str, np.ndarray]
) -> tuple[ScalePlan, Graph, dict[str, np.ndarray], tuple[str, ...]]:
    """Quantises, and makes single channels of a residual stream coarser until 16 bits hold them.

    The membranes of the neurons on the stream count as well: kernels keep two of them in a register.

    Args:
        coarser: factors by group that are wanted for other reasons.

    Returns the scales, the integer graph (with clips that cut nothing), the factors by group, and the
    edges that need 32 bits even so.
    """
    coarser = dict(coarser)
    for _ in range(COARSENING_ROUNDS):
        plan = choose(graph, options.weight_bits, coarser)
        integer = _quantise(graph, plan, options, {})
        clips = _bound_clips(integer)
        integer = _quantise(graph, plan, options, clips)
        edges, inside = bounds.intervals(integer)
        over: dict[str, np.ndarray] = {}
        for edge, group in plan.groups.items():
            if group in plan.streams:
                membranes = [inside[f"{node.name}.membrane"] for node in graph.consumers(edge) if node.op == "neuron"]
                for interval in (edges[edge], *membranes):
                    reach = np.maximum(interval.high, -interval.low).astype(np.float64)
                    over[group] = np.maximum(over.get(group, np.ones(reach.size)), reach / INT16_MAX)
        over = {group: factor for group, factor in over.items() if factor.max() > 1.0}
        if not over:
            return plan, integer, coarser, ()
        for group, factor in over.items():
            step = np.where(factor > 1.0, factor * 1.002, 1.0)
            coarser[group] = coarser.get(group, np.ones(factor.size)) * step
    wide = tuple(edge for edge, group in plan.groups.items() if group in over)
    return plan, integer, coarser, wide


def _calibrate(
    integer: Graph, images: np.ndarray, progress: Callable[[int], None] | None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Clips of K: the largest value of each head over the first three quarters of the images.

    Returns the clips, and the share of K values they cut on the last quarter.
    """
    relus = [node for node in integer.nodes if isinstance(node, Relu)]
    names = [relu.name for relu in relus]
    fitting = max(1, len(images) * 3 // 4)
    peaks = {relu.name: np.zeros(integer.specs[relu.name].channels, np.int64) for relu in relus}
    for start in range(0, fitting, DEFAULT_BATCH):
        part = run(integer, images[start : min(start + DEFAULT_BATCH, fitting)], keep=names, count_sops=False)
        for name in names:
            peaks[name] = np.maximum(peaks[name], part.edges[name].max(axis=(0, 1, 2, 3)))
        if progress is not None:
            progress(min(start + DEFAULT_BATCH, fitting))
    clips = {relu.name: _per_head(integer, relu, peaks[relu.name]) for relu in relus}
    if fitting == len(images):
        return clips, {}
    unseen = run(integer, images[fitting:], keep=names, count_sops=False)
    if progress is not None:
        progress(len(images))
    return clips, {name: float((unseen.edges[name] > clips[name]).mean()) for name in names}


def _too_fine(integer: Graph, plan: ScalePlan, clips: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Factors for the groups of K by which K^T V, a sum of one K a position, misses 16 bits; only those above 1."""
    result = {}
    for node in integer.nodes:
        relu = integer.node(node.inputs[1]) if isinstance(node, Attention) else None
        if isinstance(node, Attention) and isinstance(relu, Relu) and node.order == "q_kv":
            reach = clips[relu.name].astype(np.float64) * integer.specs[relu.name].positions
            if reach.max() > INT16_MAX:
                # 2 % more, because the rounded weights will not give just the same largest K.
                result[plan.groups[relu.name]] = np.maximum(1.0, reach / INT16_MAX * 1.02)
    return result


def convert(
    graph: Graph,
    options: ConvertOptions = ConvertOptions(),
    calibration: np.ndarray | None = None,
    provenance: Mapping[str, Any] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Conversion:
    """Converts a float graph.

    Args:
        calibration: training images uint8 [B, H, W, C]; K is clipped at the largest value they give.
            Without them K keeps the proved bound.
        provenance: facts for people, written beside the model.
        progress: called with the number of calibration images done.

    Raises:
        InputError: the graph is not of float numbers, or can overflow 32 bits.
    """
    if graph.domain != FLOAT:
        raise InputError("the graph is converted already", where=graph.name)
    plan, integer, coarser, wide = _fit_streams(graph, options, {})
    clipped: dict[str, float] = {}
    if calibration is not None and any(isinstance(node, Relu) for node in integer.nodes):
        clips, clipped = _calibrate(integer, calibration, progress)
        over = _too_fine(integer, plan, clips)
        if over:
            plan, integer, coarser, wide = _fit_streams(graph, options, {**coarser, **over})
            clips, clipped = _calibrate(integer, calibration, progress)
        integer = _quantise(graph, plan, options, clips)
    proof = bounds.prove(integer)
    orders = {} if calibration is None else choose_orders(integer, calibration)
    spec = graph.specs[graph.readout.inputs[0]]
    scales = dict(plan.scales)
    scales[graph.readout.name] = np.array(
        [readout.quantise(graph.readout, spec.positions * graph.timesteps, FULL_BITS)[1]]
    )
    scales["input"] = np.ones(1)
    edges = {
        name: EdgeFacts(proof.edges[name].bounds(name), np.array(scales[name], np.float64), orders.get(name, ()))
        for name in graph.specs
    }
    classes = options.classes or tuple(str(index) for index in range(graph.readout.bias.shape[0]))
    facts = {"converter": f"edge_snn {__version__}", "weight_bits": options.weight_bits, **(provenance or {})}
    if calibration is not None:
        facts["calibration_images"] = len(calibration)
    model = IntegerModel(integer, edges, proof.accumulators, classes, facts)
    return Conversion(model, {group: int((factor > 1.0).sum()) for group, factor in coarser.items()}, wide, clipped)
