"""``edge-snn convert``: a trained model file becomes an integer model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from edge_snn.cli.common import check_output, console, json_option, make_table, print_json, progress_bar
from edge_snn.errors import InputError
from edge_snn.graph.graph import MAX_TIMESTEPS

if TYPE_CHECKING:
    from edge_snn.frontends import CodesModel, FloatModel
    from edge_snn.graph.model import IntegerModel
    from edge_snn.passes.convert import Conversion


@click.command("convert")
@click.argument("source", type=str)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Model file to write [default: SOURCE.esnn].")
@click.option(
    "--calibrate",
    metavar="DATA",
    help="Training images (name or file) that fix the range of K; of an int8 model, inputs for which its kernels are "
    "made (no output changes).",
)
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
@click.option(
    "--fully-connected",
    type=click.Choice(["double", "single"]),
    default="double",
    show_default=True,
    help="Of int8 models: how fully connected layers round: twice, as TFLite Micro, or once, as LiteRT from 1.3 on.",
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
    fully_connected: str,
    name: str,
    as_json: bool,
) -> None:
    """Convert SOURCE (.tflite, .keras, or the name of a shipped model) to an integer-only model file.

    The recovered graph is first run against the file on 16 inputs; the conversion is refused unless every
    spike agrees. TensorFlow is needed for .keras only. With --timesteps the model is that of the same weights built
    for T steps; it was trained for those of the file. With --early its firmware runs fewer steps first and, if that
    does not decide, all of them from the start (docs/anytime.md); `edge-snn anytime` finds the margin.

    A .tflite that was quantised to int8 is taken as it is: the model makes the bytes of TensorFlow Lite Micro.

    \b
    Examples:
      edge-snn convert fashion-mnist -o fm.esnn --calibrate fashion-mnist-calibration
      edge-snn convert fashion-mnist -o fm2.esnn --calibrate fashion-mnist-calibration --timesteps 2
      edge-snn convert fashion-mnist -o quick.esnn --calibrate fashion-mnist-calibration --early 2:7200
      edge-snn convert quantised.tflite -o quantised.esnn
    """
    from edge_snn.frontends import CodesModel
    from edge_snn.frontends.conversion import Choices, convert_file
    from edge_snn.graph import esnn_file
    from edge_snn.models import zoo

    path = zoo.resolve(source, ".tflite")
    target = output or Path(f"{path.stem}.esnn")
    check_output(target)
    early = None if early_text is None else _early(early_text)
    found = convert_file(
        source,
        Choices(calibrate, limit, weight_bits, timesteps, early, name, fully_connected),
        progress=lambda count: progress_bar("calibrating", count, quiet=as_json),
    )
    result, read = found.made, found.read
    esnn_file.save(result.model, target)
    facts = {
        "model": str(target),
        "sha256": result.model.sha256,
        "source": str(path),
        "nodes": len(result.model.graph.nodes),
        "neuron_layers": len(result.model.graph.counted),
        "timesteps": result.model.graph.timesteps,
        "early": result.model.early and asdict(result.model.early),
        "weight_bytes": result.model.weight_bytes,
        "checked_inputs": read.checked_inputs,
        "notes": list(found.notes),
        **(_of_codes(result.model, read) if isinstance(read, CodesModel) else _of_spikes(result, read)),
    }
    if as_json:
        print_json(facts)
        return
    table = make_table("", "", show_header=False)
    for key, value in facts.items():
        table.add_row(key.replace("_", " "), escape(str(value)))
    console(False).print(table)


def _of_spikes(result: Conversion, read: FloatModel) -> dict[str, Any]:
    return {
        "near_ties": read.near_ties,
        "coarsened_channels": dict(result.coarsened),
        "wide_streams": list(result.wide_streams),
        "clipped": dict(result.clipped),
    }


def _of_codes(model: IntegerModel, read: CodesModel) -> dict[str, Any]:
    return {
        "input": asdict(model.takes),
        "output": asdict(model.makes),
        "fully_connected": read.rounding,
        "equals": model.provenance["equals"],
    }


def _early(text: str) -> tuple[int, int]:
    steps, _, margin = text.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 11 for part in (steps, margin)):
        raise InputError(f"--early must be T:MARGIN, such as 2:7200, not {text[:40]!r}")
    return int(steps), int(margin)
