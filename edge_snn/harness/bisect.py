"""Finds the first layer, time step and neuron where a device and the reference part."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edge_snn.graph.graph import GRADED_LAYER
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.harness.client import Device
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.trace import crcs_of, fetch_tensor, traced_infer
from edge_snn.plan import Plan
from edge_snn.plan.trace import TraceTensor, trace_tensors
from edge_snn.reference import run
from edge_snn.reference.executor import Result
from edge_snn.reference.neuron import run_neuron


class Place(NamedTuple):
    """One entry of a layer's output; ``token`` is its position in row-major order."""

    step: int
    y: int
    x: int
    channel: int
    token: int


@dataclass(frozen=True)
class Membrane:
    """What the reference's neuron held where device and host part.

    Attributes:
        neuron: name of the layer.
        place: of the neuron; behind a pool the one in the window that is next to its threshold.
        value: the membrane that met the threshold.
    """

    neuron: str
    place: Place
    value: int
    threshold: int


@dataclass(frozen=True)
class Divergence:
    """Where device and host part first, in the first image in which they do.

    Attributes:
        image: its index.
        layer: edge of the graph, as in the model file.
        kind: "spikes", "ternary", "current", "graded", "logits", "counter", or "crc" when the tensor agrees on a second
            look.
        kernel: kind of the step that made it.
        place: None for logits and counters.
        item: logit or counter, in words, "" for tensors.
        device, host: both values.
        differing: entries of the tensor that differ, of ``entries``.
    """

    image: int
    layer: str
    kind: str
    kernel: str
    place: Place | None
    item: str
    device: int
    host: int
    differing: int
    entries: int
    membrane: Membrane | None = None

    def __str__(self) -> str:
        """The finding in one sentence."""
        start = f"image {self.image}: device and host part first at layer {self.layer}"
        if self.kind == "crc":
            return (
                f"{start}, but not in a second run of the image: the CRC was {self.device:#010x}, that of the host is "
                f"{self.host:#010x}; the fault comes and goes"
            )
        if self.place is None:
            return f"{start}, {self.item}: device {self.device}, host {self.host}"
        what = {"current": "current", "graded": "code"}.get(self.kind, "spike")
        when = "" if self.kind == "graded" else f"time step {self.place.step}, "
        sentence = (
            f"{start}, {when}position y {self.place.y}, x {self.place.x} "
            f"(token {self.place.token}), channel {self.place.channel}: "
            f"{what} {self.device} on the device, {self.host} on the host"
        )
        if self.membrane is not None:
            held, at = self.membrane, self.membrane.place
            where = "" if (at.y, at.x) == self.place[1:3] else f" at y {at.y}, x {at.x} of its input"
            sentence += f"; the host's {held.neuron}{where} has membrane {held.value}, threshold {held.threshold}"
        return f"{sentence} ({self.differing} of {self.entries} entries differ)"


def bisect(
    device: Device,
    model: IntegerModel,
    plan: Plan,
    images: np.ndarray,
    progress: Callable[[int, str], None] | None = None,
) -> Divergence | None:
    """Runs images on a connected device until one parts from the reference.

    Args:
        images: uint8 [B, H, W, C].
        progress: called with the number of images done and a note.

    Returns:
        The first divergence, or None when every CRC, logit and counter of all images agrees.
    """
    for index, image in enumerate(images):
        found = _Image(device, model, plan, index, image).look()
        if found is not None:
            return found
        if progress is not None:
            progress(index + 1, "")
    return None


class _Image:
    """One image on both sides."""

    def __init__(self, device: Device, model: IntegerModel, plan: Plan, index: int, image: np.ndarray) -> None:
        self.device, self.model, self.plan, self.index, self.image = device, model, plan, index, image
        self.tensors = trace_tensors(plan)
        currents = {node.inputs[0] for node in model.graph.neurons}
        keep = {item.edge for item in self.tensors} | currents
        self.host: Result = run(model.graph, image[None], keep=keep, count_sops=False)

    def look(self) -> Divergence | None:
        """Compares the CRCs, then the counters and logits."""
        want = crcs_of(self.tensors, self.host, 0)
        result = traced_infer(self.device, self.index, self.image, len(want))
        crcs = result.crcs
        assert crcs is not None
        apart = np.flatnonzero(crcs[:-1] != want[:-1])
        first = self.tensors[apart[0]] if len(apart) else None
        counter = self._counter(result, len(self.plan.steps) if first is None else first.step)
        if counter is not None:
            return counter
        if first is not None:
            return self._tensor(first, int(crcs[first.index]), int(want[first.index]))
        return self._logits(result, int(crcs[-1]), int(want[-1]))

    def _kernel(self, step: int) -> str:
        return self.plan.steps[step].kind

    def _counter(self, result: DeviceResult, before: int) -> Divergence | None:
        """The first counter that differs though all that was stored up to its step agrees."""
        apart = np.flatnonzero(result.counts[: self.plan.counters] != self.host.counts[0])
        names = self._counter_names()
        step_of = {name: index for index, step in enumerate(self.plan.steps) for name in step.neurons}
        early = [number for number in apart if step_of[names[number][0]] < before]
        if not early:
            return None
        number = min(early, key=lambda item: (step_of[names[item][0]], item))
        layer, item = names[number]
        values = int(result.counts[number]), int(self.host.counts[0][number])
        kernel = self._kernel(step_of[layer])
        return Divergence(self.index, layer, "counter", kernel, None, item, *values, len(apart), len(names))

    def _counter_names(self) -> list[tuple[str, str]]:
        """(layer, words) of every spike counter."""
        names = []
        for layer in self.model.graph.counted:
            if layer.kind == GRADED_LAYER:
                names.append((layer.name, "number of codes that are not the zero point"))
                continue
            signs = (" +1", " -1") if layer.signs == 2 else ("",)
            names += [
                (layer.name, f"number of{sign} spikes at time step {t}") for sign in signs for t in range(layer.steps)
            ]
        return names

    def _logits(self, result: DeviceResult, crc: int, want: int) -> Divergence | None:
        readout, last = self.model.graph.end.name, len(self.plan.steps) - 1
        apart = np.flatnonzero(result.logits != self.host.logits[0])
        if len(apart):
            number = int(apart[0])
            values = int(result.logits[number]), int(self.host.logits[0][number])
            word = "logit" if isinstance(self.model.graph.end, Readout) else "output"
            item = f"{word} {number} ({self.model.classes[number]})"
            entries = len(self.model.classes)
            return Divergence(
                self.index, readout, "logits", self._kernel(last), None, item, *values, len(apart), entries
            )
        if crc != want:
            return Divergence(self.index, readout, "crc", self._kernel(last), None, "", crc, want, 0, 0)
        return None

    def _tensor(self, item: TraceTensor, crc: int, want: int) -> Divergence:
        """Stops behind the step, fetches the tensor and finds the earliest entry that differs."""
        kernel = self._kernel(item.step)
        again, data = fetch_tensor(self.device, self.index, self.image, self.tensors, item.index)
        mine = self.host.edges[item.edge][0]
        device, host = item.decode(data), item.decode(item.encode(mine))
        apart = np.argwhere((device != host).transpose(1, 0, 2))  # earliest time step, then position, then channel
        if not len(apart) or zlib.crc32(data) != int(again[item.index]):
            return Divergence(self.index, item.edge, "crc", kernel, None, "", crc, want, 0, host.size)
        step, token, channel = (int(value) for value in apart[0])
        y, x = divmod(token, mine.shape[2])
        place = Place(step, y, x, channel, token)
        values = int(device[token, step, channel]), int(host[token, step, channel])
        held = self._membrane(item, place, values) if item.kind in ("spikes", "ternary") else None
        return Divergence(
            self.index, item.edge, item.kind, kernel, place, "", *values, len(apart), host.size, membrane=held
        )

    def _membrane(self, item: TraceTensor, place: Place, values: tuple[int, int]) -> Membrane | None:
        """The reference's membrane there, or in the pooling window in front of it."""
        node, pool = self.model.graph.node(item.edge), None
        if isinstance(node, MaxPool2D):
            pool, node = node, self.model.graph.node(node.inputs[0])
        if not isinstance(node, Neuron):
            return None
        current = self.host.edges[node.inputs[0]]
        steps = self.model.graph.timesteps
        membranes = np.empty((1, steps, *current.shape[2:]), np.int64)
        run_neuron(node, [current], self.model.graph.domain, steps, membranes)
        theta = int(np.broadcast_to(node.threshold, current.shape[-1:])[place.channel])
        plane = membranes[0, place.step, :, :, place.channel]
        places = [(place.y, place.x)] if pool is None else _window(pool, place, (plane.shape[0], plane.shape[1]))
        # A spike of -1 on either side: the lower threshold is the one that was met, or not.
        sign = -1 if min(values) < 0 else 1
        y, x = max(places, key=lambda at: sign * int(plane[at]))
        there = Place(place.step, y, x, place.channel, y * plane.shape[1] + x)
        return Membrane(node.name, there, int(plane[y, x]), sign * theta)


def _window(pool: MaxPool2D, place: Place, shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Positions (y, x) of the input in the pooling window of ``place``."""
    top, left = place.y * pool.stride[0] - pool.padding[0], place.x * pool.stride[1] - pool.padding[1]
    rows = range(max(top, 0), min(top + pool.size[0], shape[0]))
    columns = range(max(left, 0), min(left + pool.size[1], shape[1]))
    return [(y, x) for y in rows for x in columns]
