"""``edge-snn tflite``: a Keras model or SavedModel becomes a .tflite, float32 or int8 (needs TensorFlow)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge_snn.cli.common import check_output, json_option, print_json

IO = ("int8", "uint8", "float32")  # edge_snn.models.export.IO, which is imported when the command runs


@click.command("tflite")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write [default: SOURCE.tflite].")
@click.option("--int8", is_flag=True, help="Quantise weights and activations to 8 bits; needs --calibrate.")
@click.option("--calibrate", metavar="DATA", help="Training data: a name, a folder, or an .npz with x_train or x.")
@click.option("--limit", type=click.IntRange(min=1), default=256, show_default=True, help="Calibration inputs.")
@click.option("--io", type=click.Choice(IO), help="With --int8: type of input and output [default: int8].")
@json_option
def command(
    source: Path, output: Path | None, int8: bool, calibrate: str | None, limit: int, io: str | None, as_json: bool
) -> None:
    """Write SOURCE, a .keras file or the folder of a SavedModel, as a .tflite, which converts without TensorFlow.

    Any model of one input and one output will do, not only those of this project. With --int8 TensorFlow quantises it
    after training: the first inputs of DATA say what ranges its values take. Images are uint8 pixels 0..255, as the
    model takes them (scaling belongs into the model); then the file's input has scale 1 and zero point -128. Inputs
    that are no images are float32 in an .npz. Files are loaded without running code from them.

    \b
    Examples:
      edge-snn tflite runs/digits/model.keras -o digits.tflite
      edge-snn tflite resnet.keras --int8 --calibrate train.npz -o resnet-int8.tflite
    """
    if int8 != (calibrate is not None):
        raise click.UsageError("--int8 and --calibrate DATA belong together")
    if io and not int8:
        raise click.UsageError("--io needs --int8")
    from edge_snn.data import samples
    from edge_snn.frontends.export import to_tflite
    from edge_snn.models.export import Quantisation

    target = output or source.with_suffix(".tflite")
    check_output(target)
    quantisation = None
    if calibrate is not None:
        quantisation = Quantisation(samples.of(calibrate, "train", limit).x, io or IO[0])
    ends = to_tflite(source, target, quantisation)
    facts: dict[str, Any] = {"file": str(target), "bytes": target.stat().st_size, **ends}
    facts["calibration"] = quantisation and {"data": calibrate, "inputs": len(quantisation.samples)}
    if as_json:
        print_json(facts)
        return
    click.echo(str(target))
    for name in ("input", "output"):
        end = ends[name]
        scale = f", scale {end['scale']:g}, zero point {end['zero_point']}" if "scale" in end else ""
        click.echo(f"  {name}: {end['dtype']} {end['shape']}{scale}")
