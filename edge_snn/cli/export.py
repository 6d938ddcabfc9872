"""``edge-snn export``: a .keras file becomes a .tflite (needs TensorFlow)."""

from __future__ import annotations

from pathlib import Path

import click

from edge_snn.cli.common import check_output, json_option, print_json


@click.command("export")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write [default: SOURCE.tflite].")
@json_option
def command(source: Path, output: Path | None, as_json: bool) -> None:
    """Export SOURCE (.keras) to .tflite, which converts anywhere without TensorFlow.

    \b
    Example:
      edge-snn export runs/digits/model.keras -o digits.tflite
    """
    from edge_snn.frontends import keras_file

    target = output or source.with_suffix(".tflite")
    check_output(target)
    keras_file.export(source, target)
    if as_json:
        print_json({"file": str(target), "bytes": target.stat().st_size})
    else:
        click.echo(str(target))
