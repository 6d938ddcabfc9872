"""Runs a recovered graph against the file it came from, layer by layer.

Each layer gets the *file's* spikes as inputs, so that a rounding flip in one layer cannot cascade into the
next; from there currents are computed by our own operations up to the next neuron, whose spikes must be the
file's. A spike may differ only where float rounding can explain it: the membrane lies within
:data:`TOLERANCE` of the threshold, relative to the largest current of the layer, at that step or before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.execute import execute
from edge_snn.frontends.tflite_file import TfliteFile
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.neuron import Neuron
from edge_snn.graph.readout import Readout
from edge_snn.graph.tensor import SPIKE_KINDS
from edge_snn.reference.executor import run_node
from edge_snn.reference.neuron import run_neuron

TOLERANCE = 1e-5
LOGIT_TOLERANCE = 1e-3
RANDOM_IMAGES = 16


@dataclass(frozen=True)
class Verification:
    """What the comparison found.

    Attributes:
        inputs: images compared.
        spikes: spike values compared.
        near_ties: spikes that differ and lie on the threshold within rounding.
    """

    inputs: int
    spikes: int
    near_ties: int


def probe_images(shape: tuple[int, int, int], count: int = RANDOM_IMAGES, seed: int = 0) -> np.ndarray:
    """Images that make a network of any training fire: noise, smooth blobs, black, white; uint8 [count, ...]."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    images = np.zeros((count, *shape), np.float64)
    rows, columns = np.mgrid[0:height, 0:width]
    for index in range(count):
        if index % 2:
            images[index] = rng.integers(0, 256, shape) * rng.random()
            continue
        for _ in range(4):
            y, x, spread = (
                rng.random() * height,
                rng.random() * width,
                (0.1 + 0.2 * rng.random()) * max(height, width),
            )
            blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * spread**2))
            images[index] += 255 * rng.random(channels) * blob[..., None]
    images[0], images[-1] = 0, 255
    return np.clip(images, 0, 255).astype(np.uint8)


def verify(
    graph: Graph, file: TfliteFile, tensor_of: Mapping[str, int], images: np.ndarray | None = None
) -> Verification:
    """Compares spikes and logits of graph and file on images (or on :func:`probe_images`).

    Raises:
        InputError: a spike or a logit differs by more than rounding; names the layer.
    """
    x = probe_images(graph.image.shape) if images is None else images
    spiking = [node.name for node in graph.neurons]
    values = execute(file.path, x, [tensor_of[name] for name in spiking])
    total = ties = 0
    edges: dict[str, np.ndarray] = {INPUT: x[:, None]}
    for node in graph.nodes:
        made = run_node(node, [edges[edge] for edge in node.inputs], graph.domain, graph.timesteps)
        if isinstance(node, Neuron):
            theirs = values[f"t{tensor_of[node.name]}"].reshape(made.shape)
            ties += _compare(node, edges[node.inputs[0]], made, theirs, str(file.path))
            total += made.size
            made = theirs.astype(np.int8)  # go on from the file's own spikes
        elif isinstance(node, Readout):
            theirs = values["output"].reshape(made.shape)
            worst = float(np.abs(made - theirs).max())
            if worst > LOGIT_TOLERANCE * max(1.0, float(np.abs(theirs).max())):
                raise InputError(
                    f"the recovered graph's logits differ from the file's by {worst:.3g}",
                    where=str(file.path),
                )
        edges[node.name] = made
    assert all(graph.specs[name].kind in SPIKE_KINDS for name in spiking)
    return Verification(len(x), total, ties)


def _compare(node: Neuron, current: np.ndarray, ours: np.ndarray, theirs: np.ndarray, where: str) -> int:
    """Returns the number of near ties; raises InputError for a spike that rounding does not explain."""
    different = ours != theirs
    if not different.any():
        return 0
    slack = TOLERANCE * max(float(np.abs(current).max()), float(node.threshold.max()))
    lower = run_neuron(_moved(node, -slack), [current], "float", ours.shape[1])
    higher = run_neuron(_moved(node, slack), [current], "float", ours.shape[1])
    # From the first step on at which moving the threshold changes a spike, the trajectory is open.
    open_from = np.maximum.accumulate((lower != ours) | (higher != ours), axis=1)
    wrong = different & ~open_from
    if wrong.any():
        share = 100 * float(wrong.mean())
        raise InputError(
            f"layer {node.name!r}: {share:.3g} % of its spikes differ between the recovered graph and the file",
            where=where,
            hint="this is a bug in the front end or a model it misreads; please report it",
        )
    return int(different.sum())


def _moved(node: Neuron, by: float) -> Neuron:
    theta = np.maximum(node.threshold + np.float32(by), np.finfo(np.float32).tiny)
    return Neuron(node.name, node.inputs, theta.astype(np.float32), node.leak_shifts, node.reset, node.polarity)
