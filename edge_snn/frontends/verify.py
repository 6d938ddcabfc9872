"""Runs a recovered graph against the file it came from, layer by layer.

Each layer gets the *file's* spikes as inputs, so that a rounding flip in one layer cannot cascade into the
next; from there currents are computed by the float reference up to the next neuron, whose spikes must be the
file's. A spike may differ only where rounding can explain it: with every current goes a bound on its error,
computed from the sum of the absolute products and the number of terms (:mod:`edge_snn.frontends.rounding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends import layout, rounding
from edge_snn.frontends.agreement import Margin, compare
from edge_snn.frontends.execute import execute
from edge_snn.frontends.tflite_file import TfliteFile
from edge_snn.frontends.walk import Held
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.neuron import Neuron
from edge_snn.graph.readout import Readout
from edge_snn.reference.executor import check_images, run_node

RANDOM_IMAGES = 16
CHUNK_BYTES = 256 << 20  # of edges held at a time: decides how many images are compared at once
IMAGE_BYTES = 2 << 30  # a file that needs more per image is not run


@dataclass(frozen=True)
class Verification:
    """What the comparison found.

    Attributes:
        inputs: images compared.
        spikes: spike values compared.
        near_ties: spikes that differ and lie on the threshold within rounding.
        silent: neuron layers that never fired on these images, so that less is known of what follows them.
    """

    inputs: int
    spikes: int
    near_ties: int
    silent: tuple[str, ...] = ()


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
            y, x = rng.random() * height, rng.random() * width
            spread = (0.1 + 0.2 * rng.random()) * max(height, width)
            blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * spread**2))
            images[index] += 255 * rng.random(channels) * blob[..., None]
    images[0], images[-1] = 0, 255
    return np.clip(images, 0, 255).astype(np.uint8)


def verify(graph: Graph, file: TfliteFile, held: Mapping[str, Held], images: np.ndarray | None = None) -> Verification:
    """Compares spikes and logits of graph and file, on :func:`probe_images` and on ``images`` if given.

    Raises:
        InputError: a spike or a logit differs by more than rounding; names the layer.
    """
    x = probe_images(graph.image.shape)
    if images is not None:
        check_images(graph, images)
        x = np.concatenate([x, images])
    one_image = 4 * graph.timesteps * sum(spec.size for spec in graph.specs.values())
    if one_image > IMAGE_BYTES:
        raise InputError(
            f"its activations take {one_image >> 20} MB an image, at most {IMAGE_BYTES >> 20} MB can be checked",
            where=str(file.path),
        )
    chunk = max(1, CHUNK_BYTES // one_image)
    spikes = ties = 0
    fired: dict[str, int] = {node.name: 0 for node in graph.neurons}
    with np.errstate(all="ignore"):
        for start in range(0, len(x), chunk):
            ties += _chunk(graph, file, held, x[start : start + chunk], fired)
    spikes = len(x) * graph.timesteps * sum(graph.specs[node.name].size for node in graph.neurons)
    return Verification(len(x), spikes, ties, tuple(name for name, count in fired.items() if not count))


def _chunk(graph: Graph, file: TfliteFile, held: Mapping[str, Held], images: np.ndarray, fired: dict[str, int]) -> int:
    values = execute(file.path, images, [held[node.name].tensor for node in graph.neurons])
    edges: dict[str, np.ndarray] = {INPUT: images[:, None]}
    errors: dict[str, np.ndarray] = {INPUT: np.zeros((1, 1, 1, 1, 1))}
    ties = 0
    for node in graph.nodes:
        inputs = [edges[edge] for edge in node.inputs]
        if isinstance(node, Neuron):
            theirs = _spikes(graph, node, held[node.name], values)
            found = compare(node, inputs[0], theirs, Margin(errors[node.inputs[0]]))
            if found.wrong.any():
                raise _differs(node, found.wrong, str(file.path))
            ties += found.near_ties
            fired[node.name] += int(np.count_nonzero(theirs))
            edges[node.name], errors[node.name] = theirs, np.zeros((1, 1, 1, 1, 1))
            continue
        made = run_node(node, inputs, graph.domain, graph.timesteps)
        if not np.isfinite(made).all():
            raise InputError(f"layer {node.name!r} makes numbers that are not finite", where=str(file.path))
        error = rounding.bound(node, inputs, [errors[edge] for edge in node.inputs], graph.timesteps)
        if isinstance(node, Readout):
            theirs = values["output"].reshape(made.shape)
            if not (np.abs(made - theirs) <= error).all():
                worst = float(np.abs(made - theirs).max())
                raise InputError(
                    f"the recovered graph's logits differ from the file's by {worst:.3g}, more than rounding",
                    where=str(file.path),
                )
        edges[node.name], errors[node.name] = made, error
    return ties


def _spikes(graph: Graph, node: Neuron, where: Held, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The file's spikes of a layer, int8 [B, T, H, W, C]; other values than spikes become 127."""
    held = values[f"t{where.tensor}"]
    shape = (graph.timesteps, *graph.specs[node.name].shape)
    stack = np.stack([layout.to_edge(one, where.layout).reshape(shape) for one in held])
    allowed = (stack == 0) | (stack == 1) | (stack == -1)
    return np.where(allowed, stack, 127).astype(np.int8)


def _differs(node: Neuron, wrong: np.ndarray, where: str) -> InputError:
    share = 100 * float(wrong.mean())
    step = int(np.argmax(wrong.any(axis=(0, 2, 3, 4))))
    return InputError(
        f"layer {node.name!r}: {share:.3g} % of its spikes differ between the recovered graph and the file, "
        f"first at step {step}",
        where=where,
        hint="the front end misreads this model; please report it",
    )
