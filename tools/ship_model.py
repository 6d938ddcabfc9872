"""Puts a trained run into the package: .tflite, .esnn and card; or makes .esnn and card of a shipped .tflite again.

python tools/ship_model.py fashion-mnist --run runs/fashion-mnist --machine "two cores of .." \
    --command "edge-snn train --recipe fashion-mnist .."
python tools/ship_model.py fashion-mnist        # the converter or the kernels have changed: no training
EDGE_SNN_CIFAR10=cifar10.npz python tools/ship_model.py cifar10 --run runs/cifar10 --machine .. --command ..
python tools/ship_model.py fashion-mnist-int8 --run runs/ds-cnn --machine .. --command "python tools/train_dense.py .."

Dense runs, of tools/train_dense.py, are quantised here, which needs TensorFlow, and every logit of the test set is
compared with TensorFlow Lite Micro's.
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
from edge_snn.errors import InputError, MismatchError
from edge_snn.frontends.conversion import Choices, convert_file
from edge_snn.frontends.execute import execute
from edge_snn.frontends.export import to_tflite
from edge_snn.graph import esnn_file
from edge_snn.graph.graded import SIGN, RequantisedNode
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.firmware import build_firmware
from edge_snn.models import ModelConfig, zoo
from edge_snn.models.export import Quantisation
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
        dense: a dense network that is quantised to int8, not a spiking one.
    """

    data: str
    calibration: str
    board: str
    flash: int
    ram: int
    weights: int
    dense: bool = False


PLACES = {
    "fashion-mnist": Place("fashion-mnist", "fashion-mnist-calibration", "mps2-an386", 512 << 10, 96_000, 512_000),
    "fashion-mnist-nano": Place("fashion-mnist", "fashion-mnist-calibration", "microbit", 256 << 10, 16 << 10, 256_000),
    "cifar10": Place("cifar10", "cifar10-calibration", "mps2-an386", 512 << 10, 192 << 10, 512_000),
    "cifar10-small": Place("cifar10", "cifar10-calibration", "mps2-an386", 256 << 10, 64 << 10, 256_000),
    "digits": Place("digits", "digits", "microbit", 256 << 10, 16 << 10, 256_000),
    "cifar10-int8": Place("cifar10", "cifar10-calibration", "mps2-an386", 140_000, 64 << 10, 100_000, dense=True),
    "fashion-mnist-int8": Place(
        "fashion-mnist", "fashion-mnist-calibration", "mps2-an386", 140_000, 64 << 10, 100_000, dense=True
    ),
}


def training_facts(run_folder: Path, commands: tuple[str, ...], machine: str) -> dict[str, Any]:
    """What the card says of the run."""
    document = json.loads((run_folder / "run.json").read_text())
    history = document["history"]
    best = max((item for item in history if item.get("final_stage", True)), key=lambda item: item["held_out_accuracy"])
    config = document.get("model") or document["network"]
    return {
        **({"parameters": ModelConfig.from_json(config).parameters} if "model" in document else {}),
        "commands": list(commands),
        "recipe": document["recipe"],
        "engine": f"{document['engine']}, {document['narrow']}"
        if "narrow" in document
        else document.get("engine", "torch, bfloat16"),
        "seed": document["recipe"]["seed"],
        "training_seconds": round(sum(item.get("seconds", 0) for item in history)) or None,
        "training_machine": machine,
        "epochs": len(history),
        "held_out_accuracy": best["held_out_accuracy"],
        "config": config,
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
    old = {} if run_folder else zoo.card(name)
    facts = training_facts(run_folder, commands, machine or "") if run_folder else old
    test = data.load(place.data, "test")
    with tempfile.TemporaryDirectory() as folder:
        if not place.dense:
            source = run_folder / "model.tflite" if run_folder else target
            model = spiking(name, source, facts)
            accuracy = float_accuracy(source, data.fit(test, model.input_shape), old)
        else:
            source = Path(folder) / target.name if run_folder else target
            accuracy = old.get("float_test_accuracy") or quantised(run_folder, source, place, test)
            model = convert_file(source, Choices(place.calibration, CALIBRATION_IMAGES, name=name)).made.model
            facts = {**facts, **dense_facts(model, source, data.fit(test, model.input_shape))}
        ship(name, model, source, accuracy, facts, data.fit(test, model.input_shape))


def spiking(name: str, source: Path, facts: dict[str, Any]) -> IntegerModel:
    """A spiking model in integers, with the bits a weight that it was trained for."""
    place = PLACES[name]
    read = frontends.read(source)
    calibration = data.fit(data.load(place.calibration, "train", CALIBRATION_IMAGES), read.graph.image.shape)
    bits = facts["recipe"]["stages"][-1].get("weight_bits") or 8
    return convert(
        read.graph,
        ConvertOptions(weight_bits=bits, name=name, classes=CLASSES[place.data]),
        calibration=calibration.x,
        provenance={"source": f"{name}.tflite", "source_sha256": read.source_sha256, "calibration": calibration.name},
    ).model


def float_accuracy(source: Path, test: data.Dataset, old: dict[str, Any]) -> float:
    """Top-1 of a float .tflite; of one that was scored before, as the card says: it is scored once."""
    if old.get("tflite_sha256") == hashlib.sha256(source.read_bytes()).hexdigest():
        return float(old["float_test_accuracy"])
    with progress_bar("float", len(test.x)) as done:
        logits = execute(source, test.x, progress=done)["output"].reshape(len(test.x), -1)
    return float((np.argmax(logits, axis=1) == test.y).mean())


def quantised(run_folder: Path, target: Path, place: Place, test: data.Dataset) -> float:
    """Writes the int8 .tflite of a dense run; returns the accuracy of the same network in float32."""
    keras_file = run_folder / "model.keras"
    samples = data.load(place.calibration, "train", CALIBRATION_IMAGES).x
    to_tflite(keras_file, target, Quantisation(samples))
    as_float = target.with_name("float.tflite")
    to_tflite(keras_file, as_float)
    return float_accuracy(as_float, test, {})


def dense_facts(model: IntegerModel, source: Path, test: data.Dataset) -> dict[str, Any]:
    """What the card says of an int8 model besides; raises MismatchError if a logit is not TensorFlow Lite Micro's."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(source))
    takes, gives = model.borders
    with progress_bar("TensorFlow Lite Micro", len(test.x)) as done:
        logits = run(model.graph, test.x, count_sops=False).logits
        for index, image in enumerate(test.x):
            interpreter.set_input(takes.decode(image.reshape(takes.shape)), 0)
            interpreter.invoke()
            if (gives.encode(interpreter.get_output(0)).reshape(-1).astype(np.int32) - SIGN != logits[index]).any():
                raise MismatchError(f"image {index} has other logits than TensorFlow Lite Micro", where=str(source))
            done(index + 1)
    layers = [node for node in model.graph.nodes if isinstance(node, RequantisedNode)]
    return {
        "kind": "int8",
        "parameters": sum(node.weight.size + node.bias.size for node in layers),
        "equal_to_tflite_micro": len(test.x),
    }


def ship(
    name: str, model: IntegerModel, source: Path, accuracy: float, facts: dict[str, Any], test: data.Dataset
) -> None:
    """Writes .tflite, .esnn and card into the package, if the model has room on its board."""
    place, target = PLACES[name], zoo.FOLDER / f"{name}.tflite"
    sizes = firmware_facts(model, place.board)
    for key, limit in (("flash_bytes", place.flash), ("ram_bytes", place.ram)):
        if sizes[key] > limit:
            raise InputError(f"takes {sizes[key]} {key.replace('_', ' of ')}, {limit} are allowed", where=name)
    if model.weight_bytes > place.weights:
        raise InputError(f"has {model.weight_bytes} bytes of weights, {place.weights} are allowed", where=name)
    kept = ("commands", "recipe", "engine", "seed", "training_seconds", "training_machine", "epochs")
    card = {
        **{key: facts[key] for key in ("kind", "equal_to_tflite_micro") if key in facts},
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
        "tflite_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "esnn_sha256": model.sha256,
        "config": facts["config"],
    }
    if source != target:
        shutil.copy(source, target)
    esnn_file.save(model, zoo.FOLDER / f"{name}.esnn")
    (zoo.FOLDER / f"{name}.card.json").write_text(json.dumps(card, indent=1) + "\n")
    shown = {key: value for key, value in card.items() if key not in ("rates", "config", "recipe")}
    click.echo(json.dumps({**shown, "highest_rate": max(card["rates"].values())}, indent=1))


if __name__ == "__main__":
    main()
