"""A trained model's file becomes an integer model: what ``edge-snn convert`` and :func:`edge_snn.api.convert` do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_snn.data import samples
from edge_snn.data.sources import CALIBRATION_IMAGES
from edge_snn.errors import InputError
from edge_snn.frontends import CodesModel, FloatModel
from edge_snn.frontends import read as read_file
from edge_snn.graph.border import Border
from edge_snn.graph.checks import MAX_NAME
from edge_snn.graph.facts import Early
from edge_snn.models import zoo
from edge_snn.passes.assemble import assemble
from edge_snn.passes.convert import Conversion, ConvertOptions, convert
from edge_snn.passes.retime import retime_graph
from edge_snn.passes.scales import FULL_BITS, grid_bits
from edge_snn.passes.seen import watch


@dataclass(frozen=True)
class Converted:
    """A conversion with all there is to say about it.

    Attributes:
        made: the model, and what the converter had to change.
        read: what the file is, and how well that was checked against it.
        notes: for people.
    """

    made: Conversion
    read: FloatModel | CodesModel
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """The options of :func:`edge_snn.api.convert`, which tells of each."""

    calibrate: samples.Given | None = None
    limit: int = CALIBRATION_IMAGES
    weight_bits: int = 8
    timesteps: int | None = None
    early: tuple[int, int] | None = None
    name: str = ""
    fully_connected: str = "double"


def convert_file(
    source: str | Path, chosen: Choices, progress: Callable[[int], AbstractContextManager[Any]] | None = None
) -> Converted:
    """See :func:`edge_snn.api.convert`.

    Args:
        progress: makes a context of a number of images; it gives a callback, or None.
    """
    early = None if chosen.early is None else Early(*chosen.early)  # refused before any work is done
    path = zoo.resolve(str(source), ".tflite")
    read = read_file(path, rounding=chosen.fully_connected)
    if isinstance(read, CodesModel):
        return _convert_codes(path, read, chosen, progress or (lambda count: nullcontext()))
    graph = retime_graph(read.graph, chosen.timesteps or read.graph.timesteps)
    images, data_name = None, None
    classes: tuple[str, ...] = ()
    if chosen.calibrate is not None:
        pixels = Border("uint8", 1.0, 0, (1, *graph.image.shape))
        dataset = samples.fit(samples.of(chosen.calibrate, "train", chosen.limit), pixels, graph.image.shape, ())
        images, data_name = dataset.x, dataset.name
        if len(dataset.classes) == graph.readout.bias.shape[0]:
            classes = dataset.classes
    provenance: dict[str, Any] = {"source": path.name, "source_sha256": read.source_sha256, "calibration": data_name}
    if graph.timesteps != read.graph.timesteps:
        provenance["source_timesteps"] = read.graph.timesteps
    with (progress or (lambda count: nullcontext()))(0 if images is None else len(images)) as done:
        options = ConvertOptions(chosen.weight_bits, chosen.name or _printable(path.stem), classes)
        made = convert(graph, options, calibration=images, provenance=provenance, progress=done)
    if early is not None:
        made = replace(made, model=replace(made.model, early=early))
    notes, trained_bits = [*read.assumed, *read.notes], grid_bits(graph)
    if trained_bits < chosen.weight_bits:
        notes.append(f"its weights have {trained_bits} bits: with --weight-bits {trained_bits} they take less flash")
    return Converted(made, read, tuple(notes))


# What each way of rounding a fully connected layer equals.
EQUALS = {
    "double": "TensorFlow Lite Micro, byte by byte",
    "single": "LiteRT 1.3 and newer (fully connected layers round once), byte by byte",
}


def _convert_codes(
    path: Path, read: CodesModel, chosen: Choices, progress: Callable[[int], AbstractContextManager[Any]]
) -> Converted:
    """A network that was quantised before it came: there is nothing to choose but how it rounds, and what is seen."""

    if chosen.early is not None or chosen.timesteps is not None or chosen.weight_bits != FULL_BITS:
        raise InputError(
            "weight bits, time steps and early answers are for networks of spikes; this one was quantised to int8",
            where=str(path),
            hint="convert it without these options",
        )
    graph = read.graph
    classes: tuple[str, ...] = ()
    data_name = None
    if chosen.calibrate is not None:
        takes = read.recovered.borders[0]
        dataset = samples.fit(samples.of(chosen.calibrate, "train", chosen.limit), takes, graph.image.shape, ())
        classes, data_name = dataset.classes, dataset.name
        with progress(len(dataset.x)) as done:
            graph = watch(graph, dataset.x, done)
    provenance = {
        "source": path.name,
        "source_sha256": read.source_sha256,
        "calibration": data_name,
        "equals": EQUALS[read.rounding],
    }
    model = assemble(
        graph,
        read.recovered.scales,
        read.recovered.borders,
        name=chosen.name or _printable(path.stem),
        classes=classes,
        provenance=provenance,
    )
    return Converted(Conversion(model), read, read.notes)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "_" for char in text)[:MAX_NAME]
