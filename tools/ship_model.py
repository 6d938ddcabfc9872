"""Puts a trained run into the package: .tflite, .esnn and card. Scores the official test set, once per file.

python tools/ship_model.py runs/fashion-mnist fashion-mnist --command "edge-snn train --preset fashion-mnist .."
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import click
import numpy as np

from edge_snn import data, frontends
from edge_snn.cli.common import progress_bar
from edge_snn.cli.simulate import layer_rates, mean_rate
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.graph.macs import dense_macs
from edge_snn.models import ModelConfig, zoo
from edge_snn.passes.convert import ConvertOptions, convert
from edge_snn.plan import build_plan
from edge_snn.reference import run

CALIBRATION = "fashion-mnist-calibration"


@click.command()
@click.argument("run_folder", type=click.Path(path_type=Path, exists=True))
@click.argument("name")
@click.option("--data", "data_name", default="fashion-mnist", show_default=True, help="Official test set to score.")
@click.option("--command", "commands", multiple=True, required=True, help="The command(s) that made the run.")
def main(run_folder: Path, name: str, data_name: str, commands: tuple[str, ...]) -> None:
    """Ships the model of RUN_FOLDER as NAME."""
    history = json.loads((run_folder / "run.json").read_text())
    config = ModelConfig.from_json(history["model"])
    final = [item for item in history["history"] if item["final_stage"]]
    best = max(final, key=lambda item: item["held_out_accuracy"])
    target = zoo.FOLDER / f"{name}.tflite"
    shutil.copy(run_folder / "model.tflite", target)
    read = frontends.read(target)
    calibration = data.fit(data.load(CALIBRATION), read.graph.image.shape)
    model = convert(
        read.graph,
        ConvertOptions(name=name, classes=calibration.classes),
        calibration=calibration.x,
        provenance={"source": target.name, "source_sha256": read.source_sha256, "calibration": calibration.name},
    ).model
    esnn_file.save(model, zoo.FOLDER / f"{name}.esnn")
    test = data.fit(data.load(data_name, "test"), model.input_shape)
    with progress_bar("integer", len(test.x)) as done:
        integer = run(model.graph, test.x, progress=done)
    with progress_bar("float", len(test.x)) as done:
        logits = frontends.run_float(target, test.x, progress=done)
    layers = layer_rates(model, integer)
    card = {
        "parameters": config.parameters,
        "weight_bytes": model.weight_bytes,
        "data": data_name,
        "commands": list(commands),
        "seed": history["recipe"]["seed"],
        "training_seconds": round(sum(item["seconds"] for item in history["history"])),
        "training_machine": "two cores of a Xeon, shared with other work",
        "epochs": len(history["history"]),
        "held_out_accuracy": best["held_out_accuracy"],
        "test_images": len(test.x),
        "float_test_accuracy": float((np.argmax(logits, axis=1) == test.y).mean()),
        "integer_test_accuracy": float((integer.predictions == test.y).mean()),
        "mean_rate": round(mean_rate(layers), 4),
        "rates": {layer["name"]: round(layer["rate"], 4) for layer in layers},
        "sops": round(float(sum(values.mean() for values in integer.sops.values()))),
        "dense_macs": sum(dense_macs(model.graph).values()),
        "arena_bytes": build_plan(model).arena_bytes,
        "tflite_sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "esnn_sha256": model.sha256,
        "config": config.to_json(),
    }
    if card["weight_bytes"] > 256_000:
        raise InputError(f"has {card['weight_bytes']} bytes of weights, 256000 are allowed", where=name)
    (zoo.FOLDER / f"{name}.card.json").write_text(json.dumps(card, indent=1) + "\n")
    click.echo(json.dumps({key: card[key] for key in list(card)[:17]}, indent=1))


if __name__ == "__main__":
    main()
