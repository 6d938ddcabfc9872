"""Runs a graph on images in numpy, node by node: the oracle of every kernel.

In an integer graph all results are exact (see :func:`edge_snn.reference.context.matmul`): the logits,
spikes and counts here are what every build on every core must give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.codes import Codes
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded import RequantisedNode
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.layout import Concat, Pad, Reshape, Slice
from edge_snn.graph.linear import Linear
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.softmax import Softmax
from edge_snn.reference import (
    attention,
    codes,
    conv,
    depthwise,
    graded,
    graded_add,
    graded_conv,
    graded_pool,
    layout,
    linear,
    lookup,
    neuron,
    pool,
    readout,
    residual,
    softmax,
)

DEFAULT_BATCH = 50

# Nodes whose results at one time step need nothing but their inputs at it.
RUNS: dict[type[Node], Callable[..., np.ndarray]] = {
    Conv2D: conv.run,
    Linear: linear.run,
    Relu: neuron.run_relu,
    Add: residual.run,
    Attention: attention.run,
    MaxPool2D: pool.run,
    GradedConv: graded_conv.run,
    Depthwise: depthwise.run,
    GradedAdd: graded_add.run,
    Lookup: lookup.run,
    GradedPool: graded_pool.run,
    Mean: graded_pool.run_mean,
    Concat: layout.run_concat,
    Pad: layout.run_pad,
    Slice: layout.run_slice,
    Reshape: layout.run_reshape,
    Softmax: softmax.run,
    Codes: codes.run,
}


@dataclass(frozen=True)
class Result:
    """What a run gives for B images.

    Attributes:
        logits: [B, classes], int32 (integer graph) or float32.
        counts: int64 [B, counters]: for each neuron layer in graph order T counters (binary), or T of +1
            and then T of -1 (ternary), one of a layer of codes; see :attr:`edge_snn.graph.graph.Graph.counted`.
        sops: synaptic operations per image, int64 [B], by name of each layer with weights, attentions included.
        edges: the edges asked for with ``keep``, [B, T or 1, H, W, C].
    """

    logits: np.ndarray
    counts: np.ndarray
    sops: dict[str, np.ndarray] = field(repr=False)
    edges: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def predictions(self) -> np.ndarray:
        """Class per image, int64 [B]: the first index of the largest logit."""
        return np.argmax(self.logits, axis=1)


def run_node(node: Node, inputs: list[np.ndarray], domain: str, timesteps: int) -> np.ndarray:
    """Runs one node on edges [B, T or 1, H, W, C]; see the module of its family."""
    if isinstance(node, Neuron):
        return neuron.run_neuron(node, inputs, domain, timesteps)
    if isinstance(node, Readout):
        return readout.run(node, _all_steps(inputs, timesteps), domain)
    for kind, run_kind in RUNS.items():
        if isinstance(node, kind):
            return run_kind(node, inputs, domain)
    raise TypeError(f"no reference for {type(node).__name__}")


def node_sops(node: Node, inputs: list[np.ndarray], timesteps: int) -> np.ndarray | None:
    """Synaptic operations per image, int64 [B], or None for a node that has no synapses."""
    if isinstance(node, Conv2D):
        return conv.sops(node, inputs)
    if isinstance(node, GradedConv):
        return graded_conv.sops(node, inputs, node.channels)
    if isinstance(node, Depthwise):
        return graded_conv.sops(node, inputs, node.weight.shape[3])
    if isinstance(node, Linear):
        return linear.sops(node, inputs)
    if isinstance(node, Attention):
        return attention.sops(node, inputs)
    if isinstance(node, Readout):
        return readout.sops(node, _all_steps(inputs, timesteps))
    return None


def _all_steps(inputs: list[np.ndarray], timesteps: int) -> list[np.ndarray]:
    return [np.broadcast_to(x, (x.shape[0], timesteps, *x.shape[2:])) for x in inputs]


def check_images(graph: Graph, images: np.ndarray) -> None:
    """Raises InputError unless ``images`` is uint8 [B, H, W, C] as the graph takes them."""
    if images.dtype != np.uint8:
        raise InputError(f"images must be uint8, not {images.dtype}", where=graph.name)
    if images.ndim != 4 or images.shape[1:] != graph.image.shape:
        want = "x".join(map(str, graph.image.shape))
        got = "x".join(map(str, images.shape[1:]))
        raise InputError(
            f"the model takes images of {want} (height, width, channels), these are {got}", where=graph.name
        )


def run_batch(graph: Graph, images: np.ndarray, keep: Collection[str] = (), count_sops: bool = True) -> Result:
    """Runs all images at once; memory grows with their number. See :func:`run`."""
    values: dict[str, np.ndarray] = {INPUT: images[:, None]}
    remaining = {edge: len(graph.consumers(edge)) for edge in graph.specs}
    kept: dict[str, np.ndarray] = {}
    counts: list[np.ndarray] = []
    sops: dict[str, np.ndarray] = {}
    for node in graph.nodes:
        inputs = [values[edge] for edge in node.inputs]
        made = run_node(node, inputs, graph.domain, graph.timesteps)
        values[node.name] = made
        if isinstance(node, Neuron):
            counts.append(neuron.count(made, node.polarity))
        elif isinstance(node, RequantisedNode):
            counts.append(graded.count(node, made))
        operations = node_sops(node, inputs, graph.timesteps) if count_sops else None
        if operations is not None:
            sops[node.name] = operations
        if node.name in keep:
            kept[node.name] = made
        for edge in set(node.inputs):
            remaining[edge] -= 1
            if remaining[edge] == 0:
                del values[edge]
    logits = values[graph.end.name][:, 0, 0, 0, :]
    table = np.concatenate(counts, axis=1) if counts else np.zeros((len(images), 0), np.int64)
    return Result(logits, table, sops, kept)


def run(
    graph: Graph,
    images: np.ndarray,
    *,
    keep: Collection[str] = (),
    count_sops: bool = True,
    batch: int = DEFAULT_BATCH,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Runs the graph on images, ``batch`` at a time.

    Args:
        images: uint8 [B, H, W, C].
        keep: names of edges to return whole (memory: B * T * H * W * C each).
        progress: called with the number of images done after each batch.

    Raises:
        InputError: wrong shape or dtype, or no image.
    """
    check_images(graph, images)
    if len(images) == 0:
        raise InputError("there is no image to run", where=graph.name)
    parts: list[Result] = []
    for start in range(0, len(images), batch):
        parts.append(run_batch(graph, images[start : start + batch], keep, count_sops))
        if progress is not None:
            progress(min(start + batch, len(images)))
    return Result(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.counts for part in parts]),
        {name: np.concatenate([part.sops[name] for part in parts]) for name in parts[0].sops},
        {name: np.concatenate([part.edges[name] for part in parts]) for name in parts[0].edges},
    )
