"""``edge-snn convert``: a trained model file becomes an integer model."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from edge_snn.cli.common import check_output, console, json_option, make_table, print_json, progress_bar
from edge_snn.errors import InputError
from edge_snn.graph.checks import MAX_NAME
from edge_snn.graph.facts import Early
from edge_snn.graph.graph import MAX_TIMESTEPS


@click.command("convert")
@click.argument("source", type=str)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Model file to write [default: SOURCE.esnn].")
@click.option("--calibrate", metavar="DATA", help="Training images (name or file) that fix the range of K.")
@click.option("--limit", type=click.IntRange(min=1), default=256, show_default=True, help="Calibration images.")
@click.option(
    "--weight-bits",
    type=click.IntRange(2, 8),
    default=8,
    show_default=True,
    help="Bits per weight of layers of spikes.",
)
@click.option("--timesteps", type=click.IntRange(1, MAX_TIMESTEPS), help="Run it for T steps [default: from the file].")
@click.option(
    "--early", "early_text", metavar="T:MARGIN", help="Answer after T steps where the lead of the best logit is MARGIN."
)
@click.option("--name", default="", help="Name of the model [default: from the file].")
@json_option
def command(
    source: str,
    output: Path | None,
    calibrate: str | None,
    limit: int,
    weight_bits: int,
    timesteps: int | None,
    early_text: str | None,
    name: str,
    as_json: bool,
) -> None:
    """Convert SOURCE (.tflite, .keras, or the name of a shipped model) to an integer-only model file.

    The recovered graph is first run against the file on 16 inputs; the conversion is refused unless every
    spike agrees. TensorFlow is needed for .keras only. With --timesteps the model is that of the same weights built
    for T steps; it was trained for those of the file. With --early its firmware runs fewer steps first and, if that
    does not decide, all of them from the start (docs/anytime.md); `edge-snn anytime` finds the margin.

    \b
    Examples:
      edge-snn convert fashion-mnist -o fm.esnn --calibrate fashion-mnist-calibration
      edge-snn convert fashion-mnist -o fm2.esnn --calibrate fashion-mnist-calibration --timesteps 2
      edge-snn convert fashion-mnist -o quick.esnn --calibrate fashion-mnist-calibration --early 2:7200
    """
    from edge_snn import data, frontends
    from edge_snn.graph import esnn_file
    from edge_snn.models import zoo
    from edge_snn.passes.convert import ConvertOptions, convert
    from edge_snn.passes.retime import retime_graph
    from edge_snn.passes.scales import grid_bits

    path = zoo.resolve(source, ".tflite")
    target = output or Path(f"{path.stem}.esnn")
    check_output(target)
    out = console(as_json)
    read = frontends.read(path)
    early = None if early_text is None else _early(early_text)
    graph = retime_graph(read.graph, timesteps or read.graph.timesteps)
    images, data_name = None, None
    classes: tuple[str, ...] = ()
    if calibrate is not None:
        dataset = data.load(calibrate, split="train", limit=limit)
        dataset = data.fit(dataset, graph.image.shape)
        images, data_name = dataset.x, dataset.name
        if len(dataset.classes) == graph.readout.bias.shape[0]:
            classes = dataset.classes
    provenance: dict[str, Any] = {"source": path.name, "source_sha256": read.source_sha256, "calibration": data_name}
    if graph.timesteps != read.graph.timesteps:
        provenance["source_timesteps"] = read.graph.timesteps
    with progress_bar("calibrating", 0 if images is None else len(images), quiet=as_json) as done:
        result = convert(
            graph,
            ConvertOptions(weight_bits, name or _printable(path.stem), classes),
            calibration=images,
            provenance=provenance,
            progress=done,
        )
    if early is not None:
        result = replace(result, model=replace(result.model, early=early))
    esnn_file.save(result.model, target)
    notes, trained_bits = [*read.assumed, *read.notes], grid_bits(graph)
    if trained_bits < weight_bits:
        notes.append(f"its weights have {trained_bits} bits: with --weight-bits {trained_bits} they take less flash")
    facts = {
        "model": str(target),
        "sha256": result.model.sha256,
        "source": str(path),
        "nodes": len(result.model.graph.nodes),
        "neuron_layers": len(result.model.graph.neurons),
        "timesteps": result.model.graph.timesteps,
        "early": early and asdict(early),
        "weight_bytes": result.model.weight_bytes,
        "checked_inputs": read.checked_inputs,
        "near_ties": read.near_ties,
        "notes": notes,
        "coarsened_channels": dict(result.coarsened),
        "wide_streams": list(result.wide_streams),
        "clipped": dict(result.clipped),
    }
    if as_json:
        print_json(facts)
        return
    table = make_table("", "", show_header=False)
    for key, value in facts.items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    out.print(table)


def _early(text: str) -> Early:
    steps, _, margin = text.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 11 for part in (steps, margin)):
        raise InputError(f"--early must be T:MARGIN, such as 2:7200, not {text[:40]!r}")
    return Early(int(steps), int(margin))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "_" for char in text)[:MAX_NAME]
