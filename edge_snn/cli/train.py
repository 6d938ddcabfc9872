"""``edge-snn train``: trains a Spiking Transformer and exports it."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from edge_snn.cli.common import console, json_option, print_json, progress_bar
from edge_snn.errors import InputError, ToolMissingError
from edge_snn.models.config import ATTENTION_KINDS

ENGINES = ("auto", "keras", "torch")
NARROW = ("bfloat16", "float32")
MOST_CLASSES = 4096
DEFAULT_SCHEDULE = ("1:9:0.003:0.3:0.18", "4:4:0.0015:1.0:0.15")


@click.command("train")
@click.option("--recipe", "recipe_name", help="Recipe of a shipped model: size, data, schedule; options override it.")
@click.option("--preset", "preset_name", help="Model size; `edge-snn models` lists them.")
@click.option("--data", "data_name", help="Data set by name, or one .npz with x_train, y_train.")
@click.option(
    "--train", "train_files", multiple=True, type=click.Path(path_type=Path), help=".npz with x, y; may be repeated."
)
@click.option("--test", "test_file", type=click.Path(path_type=Path), help=".npz with x, y, for --score-test.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    help="T[r][qBITS]:EPOCHS[:LR[:RATE_WEIGHT[:RATE_TARGET]]]; r: rate-coded, as cheap as T = 1; qBITS: weights of "
    "2 to 8 bits; may be repeated.",
)
@click.option("--attention", type=click.Choice(ATTENTION_KINDS), help="Attention kind.")
@click.option("--heads", type=click.IntRange(min=1), help="Attention heads, where not the size's own.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="[default: 1]")
@click.option("--batch", type=click.IntRange(min=1), help="Images a step [default: 128].")
@click.option("--shift", type=click.IntRange(0, 8), help="Augmentation, pixels [default: 2].")
@click.option("--flip/--no-flip", default=None, help="Augmentation, mirror [default: flip].")
@click.option("--erase", type=click.IntRange(0, 32), help="Augmentation, side of an erased square [default: 0].")
@click.option("--mixup", type=click.FloatRange(0, 10), help="Augmentation, alpha of mixup [default: 0].")
@click.option("--teacher", type=click.Path(path_type=Path), help="Folder of tools/train_dense.py: distillation.")
@click.option("--taught", type=click.FloatRange(0, 1), help="Share of the labels from the teacher [default: 0].")
@click.option("--held-out", type=click.IntRange(min=1), help="Validation images [default: 5000].")
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True, help="What does the steps.")
@click.option("--narrow", type=click.Choice(NARROW), help="Operands in training, torch engine [default: float32].")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N training images.")
@click.option("--start", type=click.Path(path_type=Path), help="Trained .tflite of the same network to start from.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--score-test", is_flag=True, help="Score the test set once, when training is done.")
@json_option
def command(
    recipe_name: str | None,
    preset_name: str | None,
    data_name: str | None,
    train_files: tuple[Path, ...],
    test_file: Path | None,
    out: Path,
    stages: tuple[str, ...],
    attention: str | None,
    heads: int | None,
    seed: int | None,
    batch: int | None,
    shift: int | None,
    flip: bool | None,
    erase: int | None,
    mixup: float | None,
    teacher: Path | None,
    taught: float | None,
    held_out: int | None,
    engine: str,
    narrow: str | None,
    limit: int | None,
    start: Path | None,
    resume: bool,
    score_test: bool,
    as_json: bool,
) -> None:
    """Train a recipe, or a preset on a data set; writes OUT/model.tflite, OUT/model.keras and OUT/run.json.

    The checkpoint is chosen on held-out training images. Ctrl-C loses at most one epoch; --resume goes on. With
    files of your own a preset takes their image size and number of classes.

    \b
    Examples (the second takes a minute):
      edge-snn train --recipe fashion-mnist --out runs/fashion-mnist
      edge-snn train --preset digits --data digits --out runs/digits --stage 1:8 --stage 4:4 \\
          --no-flip --shift 1 --held-out 200
      edge-snn train --preset cifar10-small --train a.npz --train b.npz --test t.npz --score-test --out runs/own
    """
    from dataclasses import replace

    from edge_snn import data
    from edge_snn.models import preset
    from edge_snn.training.recipe import Recipe, Stage
    from edge_snn.training.recipes import named

    if bool(recipe_name) == bool(preset_name):
        raise InputError("give either --recipe or --preset")
    known = named(recipe_name) if recipe_name else None
    config = preset(known.preset if known else preset_name or "")
    if attention:
        config = replace(config, attention=attention)
    if heads:
        config = replace(config, heads=heads)
    given: dict[str, Any] = {
        "stages": tuple(Stage.parse(text) for text in stages),
        "seed": seed,
        "batch": batch,
        "shift": shift,
        "flip": flip,
        "erase": erase,
        "mixup": mixup,
        "taught": taught,
        "held_out": held_out,
    }
    base = known.recipe if known else Recipe(tuple(Stage.parse(text) for text in DEFAULT_SCHEDULE))
    recipe = replace(base, **{key: value for key, value in given.items() if value not in (None, ())})
    config = config.with_timesteps(recipe.stages[-1].timesteps)
    if known and not data_name and not train_files:
        data_name = known.data
    narrow = narrow or (known.narrow if known else "float32")
    if bool(data_name) == bool(train_files):
        raise InputError("give either --data or --train files")
    training = data.load(data_name, "train", limit) if data_name else data.from_npz(list(train_files), "train", limit)
    if not known and (train_files or training.name.endswith(".npz")):
        config = _for_files(config, training)
    data.fit(training.head(1), config.input_shape)
    data.check_labels(training, config.classes)
    # Read now, so that a wrong file costs no training; it is scored at the end only.
    test = _test_set(data_name, test_file, config) if score_test else None
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        importlib.import_module("keras")
    except ImportError as error:
        raise ToolMissingError("training needs Keras and TensorFlow", hint="pip install 'edge-snn[train]'") from error
    run = _open_run(out, config, recipe, resume)
    run.engine, run.narrow, run.start, run.teacher = engine, narrow, start, teacher
    result = _train(run, training, as_json)
    if test is not None:
        result["test_accuracy"] = _score(run, test)
    if as_json:
        print_json(result)
    else:
        console(False).print(escape(f"{out}/model.tflite: {result}"))
        if 0 < recipe.weight_bits < 8:
            console(False).print(f"convert it with --weight-bits {recipe.weight_bits}: it was trained for that")


def _for_files(config: Any, training: Any) -> Any:
    """The preset for anybody's images: as many classes as labels, and their size where it cannot be fitted."""
    from dataclasses import replace

    from edge_snn import data

    labels = len(training.classes) or int(training.y.max()) + 1
    if labels > MOST_CLASSES:
        raise InputError(
            f"label {labels - 1} is out of range: at most {MOST_CLASSES} classes",
            where=training.name,
            hint="number the classes 0, 1, 2 ..",
        )
    config = replace(config, classes=max(2, labels))
    try:
        data.fit(training.head(1), config.input_shape)
    except InputError:
        config = replace(config, input_shape=training.x.shape[1:])
    return config


def _test_set(data_name: str | None, test_file: Path | None, config: Any) -> Any:
    from edge_snn import data

    if test_file is None and data_name is None:
        raise InputError("--score-test needs a test set", hint="add --test FILE.npz")
    test = data.from_npz([test_file], "test") if test_file else data.load(data_name or "", "test")
    test = data.fit(test, config.input_shape)
    data.check_labels(test, config.classes)
    return test


def _open_run(out: Path, config: Any, recipe: Any, resume: bool) -> Any:
    from edge_snn.training import checkpoint
    from edge_snn.training.trainer import Run

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=str(out)) from error
    run = Run(config, recipe, out)
    path = out / checkpoint.RUN
    if not path.exists():
        return run
    if not resume:
        raise InputError("holds a run already", where=str(out), hint="add --resume, or choose another folder")
    facts = checkpoint.read_json(path)
    if not isinstance(facts, dict) or facts.get("model") != config.to_json():
        raise InputError("holds a run of another model", where=str(out))
    past, done = facts.get("recipe"), facts.get("history")
    if not (isinstance(past, dict) and isinstance(done, list) and all(map(_is_epoch, done))):
        raise InputError("is damaged", where=str(path), hint="train into another folder")
    if past.get("seed") != recipe.seed:
        raise InputError("holds a run with another seed", where=str(out))
    run.history = done
    return run


def _is_epoch(item: Any) -> bool:
    numbers = ("held_out_accuracy", "mean_rate", "seconds")
    return (
        isinstance(item, dict)
        and all(type(item.get(key)) in (int, float) for key in numbers)
        and isinstance(item.get("rates"), dict)
        and type(item.get("final_stage")) is bool
    )


def _train(run: Any, training: Any, quiet: bool) -> dict[str, Any]:
    from edge_snn.models.export import export_tflite
    from edge_snn.training.trainer import best_model, train

    out = console(quiet)
    started = time.monotonic()
    with progress_bar("training", 1, quiet=quiet) as bar:

        def report(facts: dict[str, Any]) -> None:
            coded = "r" * facts["rate_coded"] + (f"q{facts['weight_bits']}" if facts["weight_bits"] else "")
            out.print(
                f"epoch {facts['epoch']}/{run.recipe.epochs} T={facts['timesteps']}{coded} loss {facts['loss']:.4f} "
                f"train {facts['accuracy']:.4f} held out {facts['held_out_accuracy']:.4f} "
                f"rate {facts['mean_rate']:.3f} ({facts['seconds']:.0f} s)"
            )

        train(run, training, report, lambda step, steps: bar(step / steps, f"epoch {run.epoch + 1}"))
    model = best_model(run)
    model.save(run.folder / "model.keras")
    export_tflite(model, run.folder / "model.tflite")
    final = [item for item in run.history if item["final_stage"]]
    best = max(final, key=lambda item: item["held_out_accuracy"])
    return {
        "run": str(run.folder),
        "epochs": run.epoch,
        "held_out_accuracy": best["held_out_accuracy"],
        "mean_rate": best["mean_rate"],
        "rates": best["rates"],
        "weight_bits": run.recipe.weight_bits or None,
        "seconds": round(sum(item["seconds"] for item in run.history), 1),
        "seconds_now": round(time.monotonic() - started, 1),
    }


def _score(run: Any, test: Any) -> float:
    """Test accuracy of the exported weights: the same weights are scored once, then the figure is read back."""
    from edge_snn.training import checkpoint
    from edge_snn.training.trainer import best_model, measure

    path, weights = run.folder / "test.json", checkpoint.digest(run.folder / checkpoint.BEST)
    facts = {"weights_sha256": weights, "data": test.name, "images": len(test.x)}
    if path.exists():
        kept = checkpoint.read_json(path)
        if isinstance(kept, dict) and isinstance(kept.get("test_accuracy"), float) and kept.items() >= facts.items():
            return float(kept["test_accuracy"])
    accuracy, _ = measure(best_model(run), test)
    checkpoint.write_json(path, {"test_accuracy": accuracy, **facts})
    return accuracy
