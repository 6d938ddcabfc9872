"""Puts a trained run into the package: .tflite, .esnn and card; or makes .esnn and card of a shipped .tflite again.

python tools/ship_model.py fashion-mnist --run runs/fashion-mnist --machine "two cores of .." \
    --command "edge-snn train --recipe fashion-mnist .."
python tools/ship_model.py fashion-mnist        # the converter or the kernels have changed: no training
EDGE_SNN_CIFAR10=cifar10.npz python tools/ship_model.py cifar10 --run runs/cifar10 --machine .. --command ..
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge_snn import data, frontends
from edge_snn.cli.common import progress_bar
from edge_snn.data.sources import CIFAR10_CLASSES, DIGITS_CLASSES, FASHION_CLASSES
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.firmware import build_firmware
from edge_snn.models import ModelConfig, zoo
from edge_snn.passes.convert import ConvertOptions, convert
from edge_snn.reference import run
from edge_snn.reference.rates import layer_rates, mean_rate
from firmware_gen import boards

CALIBRATION_IMAGES = 256
CLASSES = {"fashion-mnist": FASHION_CLASSES, "cifar10": CIFAR10_CLASSES, "digits": DIGITS_CLASSES}


@dataclass(frozen=True)
class Place:
    """What a shipped model is for.

    Attributes:
        data: data set whose official test set is scored.
        calibration: data set whose first training images give the clip of K.
        board: that the sizes are taken on.
        flash, ram: bytes that may be used there, code and stack included; weights count as flash.
        weights: bytes of weights that are allowed.
    """

    data: str
    calibration: str
    board: str
    flash: int
    ram: int
    weights: int


PLACES = {
    "fashion-mnist": Place("fashion-mnist", "fashion-mnist-calibration", "mps2-an386", 512 << 10, 96_000, 512_000),
    "fashion-mnist-nano": Place("fashion-mnist", "fashion-mnist-calibration", "microbit", 256 << 10, 16 << 10, 256_000),
    "cifar10": Place("cifar10", "cifar10-calibration", "mps2-an386", 512 << 10, 192 << 10, 512_000),
    "cifar10-small": Place("cifar10", "cifar10-calibration", "mps2-an386", 256 << 10, 64 << 10, 256_000),
    "digits": Place("digits", "digits", "microbit", 256 << 10, 16 << 10, 256_000),
}


def training_facts(run_folder: Path, commands: tuple[str, ...], machine: str) -> dict[str, Any]:
    """What the card says of the run."""
    document = json.loads((run_folder / "run.json").read_text())
    history = document["history"]
    best = max((item for item in history if item["final_stage"]), key=lambda item: item["held_out_accuracy"])
    return {
        "parameters": ModelConfig.from_json(document["model"]).parameters,
        "commands": list(commands),
        "recipe": document["recipe"],
        "engine": f"{document['engine']}, {document['narrow']}",
        "seed": document["recipe"]["seed"],
        "training_seconds": round(sum(item["seconds"] for item in history)),
        "training_machine": machine,
        "epochs": len(history),
        "held_out_accuracy": best["held_out_accuracy"],
        "config": document["model"],
    }


def integer_facts(model: IntegerModel, test: data.Dataset) -> dict[str, Any]:
    """Accuracy, rates and operations of the integer model on a test set."""
    with progress_bar("integer", len(test.x)) as done:
        result = run(model.graph, test.x, progress=done)
    layers = layer_rates(model, result)
    return {
        "integer_test_accuracy": float((result.predictions == test.y).mean()),
        "mean_rate": round(mean_rate(layers), 4),
        "rates": {layer["name"]: round(layer["rate"], 4) for layer in layers},
        "sops": round(float(sum(values.mean() for values in result.sops.values()))),
        "dense_macs": sum(dense_macs(model.graph).values()),
    }


def firmware_facts(model: IntegerModel, board: str) -> dict[str, Any]:
    """Sizes of the firmware."""
    with tempfile.TemporaryDirectory() as folder:
        made = build_firmware(model, boards.load(board), Path(folder) / "firmware")
        return {
            "board": board,
            "flash_bytes": made.flash_bytes,
            "ram_bytes": made.ram_bytes,
            "arena_bytes": made.generated.plan.arena_bytes,
        }


@click.command()
@click.argument("name", type=click.Choice(list(PLACES)))
@click.option("--run", "run_folder", type=click.Path(path_type=Path, exists=True), help="Folder of the run to ship.")
@click.option("--command", "commands", multiple=True, help="With --run: the command(s) that made it.")
@click.option("--machine", help="With --run: what it was trained on.")
def main(name: str, run_folder: Path | None, commands: tuple[str, ...], machine: str | None) -> None:
    """Ships a run as NAME, or without --run makes NAME's .esnn and card from the .tflite that ships."""
    place, target = PLACES[name], zoo.FOLDER / f"{name}.tflite"
    if run_folder and not (commands and machine):
        raise click.UsageError("--run needs --command and --machine: the card says how a model was made")
    source = run_folder / "model.tflite" if run_folder else target
    old = {} if run_folder else zoo.card(name)
    facts = training_facts(run_folder, commands, machine or "") if run_folder else old
    bits = facts["recipe"]["stages"][-1].get("weight_bits") or 8  # those that it was trained for
    read = frontends.read(source)
    calibration = data.fit(data.load(place.calibration, "train", CALIBRATION_IMAGES), read.graph.image.shape)
    test = data.fit(data.load(place.data, "test"), read.graph.image.shape)
    model = convert(
        read.graph,
        ConvertOptions(weight_bits=bits, name=name, classes=CLASSES[place.data]),
        calibration=calibration.x,
        provenance={"source": target.name, "source_sha256": read.source_sha256, "calibration": calibration.name},
    ).model
    sizes = firmware_facts(model, place.board)
    for key, limit in (("flash_bytes", place.flash), ("ram_bytes", place.ram)):
        if sizes[key] > limit:
            raise InputError(f"takes {sizes[key]} {key.replace('_', ' of ')}, {limit} are allowed", where=name)
    if model.weight_bytes > place.weights:
        raise InputError(f"has {model.weight_bytes} bytes of weights, {place.weights} are allowed", where=name)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if old.get("tflite_sha256") == digest:  # the float model is scored once
        accuracy = old["float_test_accuracy"]
    else:
        with progress_bar("float", len(test.x)) as done:
            logits = frontends.run_float(source, test.x, progress=done)
        accuracy = float((np.argmax(logits, axis=1) == test.y).mean())
    kept = ("commands", "recipe", "engine", "seed", "training_seconds", "training_machine", "epochs")
    card = {
        "parameters": facts["parameters"],
        "weight_bytes": model.weight_bytes,
        "data": place.data,
        "calibration": place.calibration,
        **{key: facts[key] for key in kept if key in facts},
        "held_out_accuracy": facts["held_out_accuracy"],
        "test_images": len(test.x),
        "float_test_accuracy": accuracy,
        **integer_facts(model, test),
        **sizes,
        "tflite_sha256": digest,
        "esnn_sha256": model.sha256,
        "config": facts["config"],
    }
    if run_folder:
        shutil.copy(source, target)
    esnn_file.save(model, zoo.FOLDER / f"{name}.esnn")
    (zoo.FOLDER / f"{name}.card.json").write_text(json.dumps(card, indent=1) + "\n")
    shown = {key: value for key, value in card.items() if key not in ("rates", "config", "recipe")}
    click.echo(json.dumps({**shown, "highest_rate": max(card["rates"].values())}, indent=1))


if __name__ == "__main__":
    main()
