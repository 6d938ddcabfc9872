"""Trains a dense network: a teacher for ``edge-snn train --teacher FOLDER``, or one to quantise to int8.

python tools/train_dense.py --data fashion-mnist --epochs 12 --no-flip --shift 2 --out runs/teacher
python tools/train_dense.py --network resnet8 --data cifar10 --epochs 80 --out runs/resnet8
python tools/train_dense.py --network resnet8 --data cifar10 --start runs/resnet8 --epochs 6 --rate 0.002 --out runs/end
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from edge_snn import data
from edge_snn.cli.common import progress_bar
from edge_snn.errors import InputError
from edge_snn.training import checkpoint
from edge_snn.training.recipe import Recipe, Stage

KINDS = ("teacher", "resnet8", "ds-cnn")  # edge_snn.models.dense.NETWORKS, which needs Keras
KERAS_FILE = "model.keras"


@click.command()
@click.option("--network", default="teacher", show_default=True, type=click.Choice(KINDS))
@click.option("--data", "data_name", help="Data set by name.")
@click.option("--train", "train_files", multiple=True, type=click.Path(path_type=Path), help=".npz with x, y.")
@click.option("--size", type=click.IntRange(min=4), help="Height and width, as of the student [default: the data's].")
@click.option("--width", type=click.IntRange(4, 256), help="Channels of the stem [default: 16, of a ds-cnn 64].")
@click.option("--epochs", default=12, show_default=True, type=click.IntRange(min=1))
@click.option("--rate", default=0.004, show_default=True, type=click.FloatRange(0, 1, min_open=True))
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--shift", default=2, show_default=True, type=click.IntRange(0, 8))
@click.option("--flip/--no-flip", default=True, show_default=True)
@click.option("--erase", default=0, show_default=True, type=click.IntRange(0, 32))
@click.option("--held-out", default=5000, show_default=True, type=click.IntRange(min=1), help="As of the student.")
@click.option("--narrow", default="bfloat16", show_default=True, type=click.Choice(["bfloat16", "float32"]))
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="Run whose last weights it begins with.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the teacher.")
def main(
    network: str,
    data_name: str | None,
    train_files: tuple[Path, ...],
    size: int | None,
    width: int | None,
    epochs: int,
    rate: float,
    seed: int,
    shift: int,
    flip: bool,
    erase: int,
    held_out: int,
    narrow: str,
    start: Path | None,
    out: Path,
) -> None:
    """Trains on all but the held-out images, which choose the checkpoint; a stopped run goes on."""
    if bool(data_name) == bool(train_files):
        raise InputError("give either --data or --train files")
    training = data.load(data_name, "train") if data_name else data.from_npz(list(train_files), "train")
    stage = Stage(1, epochs, rate, 0.0, 1.0)
    recipe = Recipe((stage,), seed=seed, shift=shift, flip=flip, erase=erase, held_out=held_out)
    out.mkdir(parents=True, exist_ok=True)
    shape = (size, size, training.x.shape[3]) if size else tuple(training.x.shape[1:])
    _train(network, training, recipe, shape, width or (64 if network == "ds-cnn" else 16), narrow, start, out)


def _train(
    kind: str,
    training: data.Dataset,
    recipe: Recipe,
    shape: tuple[int, int, int],
    width: int,
    narrow: str,
    start: Path | None,
    out: Path,
) -> None:
    import keras

    from edge_snn.models.dense import NETWORKS
    from edge_snn.training.batches import Batches
    from edge_snn.training.torch_engine import TorchEngine
    from edge_snn.training.trainer import split

    keras.utils.set_random_seed(recipe.seed)
    fitting, held_out = split(training, recipe.held_out)
    held_out = data.fit(held_out, shape)
    classes = len(training.classes) or int(training.y.max()) + 1
    facts: dict[str, Any] = {
        "network": {"kind": kind, "input_shape": list(shape), "classes": classes, "width": width},
        "recipe": recipe.to_json(),
        "engine": f"torch, {narrow}",
        "history": [],
    }
    steps = len(Batches(fitting, recipe, shape, classes, 0, 0))
    model = NETWORKS[kind](shape, classes, width)
    engine = TorchEngine(model, recipe, 0, steps, narrow)
    if (out / checkpoint.RUN).exists():
        past = checkpoint.read_json(out / checkpoint.RUN)
        if past.get("network") != facts["network"] or past.get("recipe") != facts["recipe"]:
            raise InputError("holds another run", where=str(out), hint="choose another folder")
        facts = past
        arrays = checkpoint.read_arrays(out / checkpoint.STATE, [array.shape for array in engine.state()])
        engine.restore(arrays, optimizer=True)
    elif start is not None:
        arrays = checkpoint.read_arrays(start / checkpoint.STATE, [array.shape for array in engine.state()])
        engine.restore(arrays, optimizer=False)
    for epoch in range(len(facts["history"]), recipe.epochs):
        started = time.monotonic()
        with progress_bar(f"epoch {epoch + 1}", steps) as bar:
            loss, seen = engine.fit(Batches(fitting, recipe, shape, classes, epoch, 0), bar)
        accuracy, _ = engine.measure(held_out)
        best = max((item["held_out_accuracy"] for item in facts["history"]), default=-1.0)
        seconds = round(time.monotonic() - started, 1)
        facts["history"].append({"loss": loss, "accuracy": seen, "held_out_accuracy": accuracy, "seconds": seconds})
        if accuracy > best:
            checkpoint.write_arrays(out / checkpoint.BEST, engine.weights())
            model.set_weights(engine.weights())
            model.save(out / KERAS_FILE)
        checkpoint.write_arrays(out / checkpoint.STATE, engine.state())
        checkpoint.write_json(out / checkpoint.RUN, facts)
        click.echo(f"epoch {epoch + 1}/{recipe.epochs} loss {loss:.4f} train {seen:.4f} held out {accuracy:.4f}")


if __name__ == "__main__":
    main()
