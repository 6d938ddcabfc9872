"""``edge-snn simulate``: the integer model on the host, exactly as a device computes it."""

from __future__ import annotations

import time
from typing import Any

import click
import numpy as np
from rich.markup import escape

from edge_snn.api import dataset_for, load
from edge_snn.cli.common import console, images_options, json_option, make_table, print_json, progress_bar
from edge_snn.errors import MismatchError


@click.command("simulate")
@images_options
@click.option("--float", "float_file", metavar="TFLITE", help="Also run this float model and compare.")
@click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Exit with 1 below this accuracy.")
@json_option
def command(
    model_path: str,
    data_name: str,
    split: str,
    limit: int | None,
    float_file: str | None,
    min_accuracy: float | None,
    as_json: bool,
) -> None:
    """Run MODEL (an .esnn file or a shipped model's name) in the integer reference.

    \b
    Example:
      edge-snn simulate fashion-mnist --data fashion-mnist --float fashion-mnist
    """
    from edge_snn import frontends
    from edge_snn.anytime.run import run_model
    from edge_snn.models import zoo
    from edge_snn.reference.rates import layer_rates, mean_rate

    model = load(model_path)
    dataset = dataset_for(data_name, model, limit, split)
    started = time.monotonic()
    with progress_bar("simulating", len(dataset.x), quiet=as_json) as done:
        result = run_model(model, dataset.x, progress=done)
    layers = layer_rates(model, result)
    accuracy = float((result.predictions == dataset.y).mean())
    facts: dict[str, Any] = {
        "model": model.name,
        "sha256": model.sha256,
        "data": dataset.name,
        "images": len(dataset.x),
        "accuracy": accuracy,
        "mean_rate": mean_rate(layers),
        "sops": float(sum(values.mean() for values in result.sops.values())),
        "seconds": round(time.monotonic() - started, 2),
        "layers": layers,
    }
    if float_file is not None:
        path = zoo.resolve(float_file, ".tflite")
        with progress_bar("float model", len(dataset.x), quiet=as_json) as done:
            logits = frontends.run_float(path, dataset.x, progress=done)
        predictions = np.argmax(logits, axis=1)
        facts["float_accuracy"] = float((predictions == dataset.y).mean())
        facts["same_class"] = float((predictions == result.predictions).mean())
    if as_json:
        print_json(facts)
    else:
        _show(facts)
    if min_accuracy is not None and accuracy < min_accuracy:
        raise MismatchError(f"accuracy {accuracy:.4f} is below the {min_accuracy:.4f} asked for", where=model.name)


def _show(facts: dict[str, Any]) -> None:
    out = console(False)
    table = make_table("layer", "kind", "neurons", "rate", "spikes per step")
    for layer in facts["layers"]:
        steps = " ".join(f"{value:.1f}" for value in layer["spikes_per_step"])
        table.add_row(escape(layer["name"]), layer["kind"], str(layer["neurons"]), f"{layer['rate']:.3f}", steps)
    out.print(table)
    out.print(f"\nmean rate {facts['mean_rate']:.4f}, synaptic operations {facts['sops']:,.0f} an image")
    if "float_accuracy" in facts:
        out.print(f"float accuracy   {facts['float_accuracy']:.4f} (same class {facts['same_class']:.4f})")
    out.print(f"integer accuracy {facts['accuracy']:.4f} on {facts['images']} images in {facts['seconds']} s")
