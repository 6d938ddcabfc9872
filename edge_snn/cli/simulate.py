"""``edge-snn simulate``: the integer model on the host, exactly as a device computes it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.markup import escape

from edge_snn.api import dataset_for, load
from edge_snn.cli.common import (
    check_output,
    console,
    images_options,
    json_option,
    make_table,
    metric_option,
    print_json,
    progress_bar,
)
from edge_snn.data.metrics import ACCURACY, Metric
from edge_snn.errors import InputError, MismatchError
from edge_snn.files import writing

if TYPE_CHECKING:
    from edge_snn.graph.model import IntegerModel
    from edge_snn.reference import Result


@click.command("simulate")
@images_options
@click.option("--float", "float_file", metavar="TFLITE", help="Also run this float model and compare.")
@metric_option
@click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Exit with 1 below this value of the metric.")
@click.option(
    "--outputs", type=click.Path(path_type=Path), metavar="FILE.npz", help="Write the outputs and the classes there."
)
@json_option
def command(
    model_path: str,
    data_name: str,
    split: str,
    limit: int | None,
    float_file: str | None,
    metric_name: str,
    min_accuracy: float | None,
    outputs: Path | None,
    as_json: bool,
) -> None:
    """Run MODEL (an .esnn file or a shipped model's name) in the integer reference.

    --outputs writes an array `outputs`, in the type and shape of the model's file (of a network of spikes `logits`,
    int32), and `predictions`, the classes.

    \b
    Examples:
      edge-snn simulate fashion-mnist --data fashion-mnist --float fashion-mnist
      edge-snn simulate anomaly.esnn --data windows.npz --metric auc --outputs out.npz
    """
    from edge_snn import frontends
    from edge_snn.anytime.run import run_model
    from edge_snn.harness.scoring import check_threshold, scoring
    from edge_snn.models import zoo
    from edge_snn.reference.rates import layer_rates, mean_rate

    metric, model = Metric.parse(metric_name), load(model_path)
    if outputs is not None:
        check_output(outputs)
    if float_file is not None and model.borders is not None:
        raise InputError("--float is for networks of spikes; this one equals its file, byte by byte", where=model.name)
    dataset = dataset_for(data_name, model, limit, split)
    scored = scoring(metric, dataset, model)
    check_threshold(scored, min_accuracy, dataset.name)
    started = time.monotonic()
    with progress_bar("simulating", len(dataset.x), quiet=as_json) as done:
        result = run_model(model, dataset.x, progress=done)
    layers = layer_rates(model, result)
    every = np.arange(len(dataset.x))
    right, value = scored.right(result.logits, every), scored.value(result.logits, every)
    facts: dict[str, Any] = {
        "model": model.name,
        "sha256": model.sha256,
        "data": dataset.name,
        "images": len(dataset.x),
        "metric": {"name": metric.name, "value": value},
        "accuracy": None if right is None else float(right.mean()),
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
        facts["float_accuracy"] = None if dataset.y is None else float((predictions == dataset.y).mean())
        facts["same_class"] = float((predictions == result.predictions).mean())
    if outputs is not None:
        _write(outputs, model, result)
    if as_json:
        print_json(facts)
    else:
        _show(facts)
    if min_accuracy is not None and (value is None or value < min_accuracy):
        told = "unknown" if value is None else f"{value:.4f}"
        raise MismatchError(f"{metric.name} {told} is below the {min_accuracy:.4f} asked for", where=model.name)


def _write(path: Path, model: IntegerModel, result: Result) -> None:
    """Writes outputs and classes as ``.npz``, aside first and renamed when whole."""
    name = "logits" if model.borders is None else "outputs"
    arrays = {name: model.outputs(result.logits), "predictions": result.predictions}
    with writing(path) as aside, aside.open("wb") as stream:
        np.savez(stream, **arrays)


def _show(facts: dict[str, Any]) -> None:
    out = console(False)
    table = make_table("layer", "kind", "neurons", "rate", "spikes per step")
    for layer in facts["layers"]:
        steps = " ".join(f"{value:.1f}" for value in layer["spikes_per_step"])
        table.add_row(escape(layer["name"]), layer["kind"], str(layer["neurons"]), f"{layer['rate']:.3f}", steps)
    out.print(table)
    out.print(f"\nmean rate {facts['mean_rate']:.4f}, synaptic operations {facts['sops']:,.0f} an image")
    if facts.get("float_accuracy") is not None:
        out.print(f"float accuracy   {facts['float_accuracy']:.4f} (same class {facts['same_class']:.4f})")
    metric, scores = facts["metric"], []
    if facts["accuracy"] is not None:
        scores.append(f"integer accuracy {facts['accuracy']:.4f}")
    if metric["value"] is not None and metric["name"] != ACCURACY:
        scores.append(f"{metric['name']} {metric['value']:.6g}")
    told = ", ".join(scores) or "no labels"
    out.print(f"{told} on {facts['images']} images in {facts['seconds']} s")
