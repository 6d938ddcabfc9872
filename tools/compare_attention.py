"""A2OS2A against SSA, SDSA and against itself with one neuron choice undone: same size, data, recipe and seeds.

python tools/compare_attention.py --data fashion-mnist --no-flip --shift 1 --out runs/compare-fashion-mnist
python tools/compare_attention.py --data cifar10 --size 16 --shift 2 --out runs/compare-cifar10
"""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from edge_snn import data
from edge_snn.errors import InputError
from edge_snn.models import ModelConfig, preset
from edge_snn.models.config import ATTENTION_KINDS
from edge_snn.training import checkpoint
from edge_snn.training.recipe import Recipe, Stage

BASE = "a2os2a"
# Student's t, two-sided 95 %, by degrees of freedom.
T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


@dataclass(frozen=True)
class Difference:
    """Accuracy of A2OS2A minus that of another attention, over paired seeds.

    Attributes:
        pairs: one difference a seed.
        mean: of the pairs.
        interval: (low, high) of the mean, 95 %, Student's t; None for one seed.
    """

    kind: str
    pairs: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return "not separable"
        return f"{BASE} better" if self.mean > 0 else f"{BASE} worse"


def difference(kind: str, base: list[float], other: list[float]) -> Difference:
    """Compares two lists of accuracies, seed by seed."""
    pairs = tuple(a - b for a, b in zip(base, other))
    mean = statistics.fmean(pairs)
    if len(pairs) < 2:
        return Difference(kind, pairs, mean, None)
    reach = T_95[len(pairs) - 1] * statistics.stdev(pairs) / math.sqrt(len(pairs))
    return Difference(kind, pairs, mean, (mean - reach, mean + reach))


def accuracy(config: ModelConfig, recipe: Recipe, training: Any, test: Any, folder: Path, narrow: str) -> float:
    """Float test accuracy of one run; a run that is done already is read back, a stopped one goes on."""
    from edge_snn.training.trainer import Run, best_model, measure, train

    folder.mkdir(parents=True, exist_ok=True)
    result, state = folder / "test.json", folder / checkpoint.RUN
    wanted = {"model": config.to_json(), "recipe": json.loads(json.dumps(recipe.to_json())), "data": test.name}
    if result.exists():
        known = checkpoint.read_json(result)
        if {key: known.get(key) for key in wanted} == wanted:
            return float(known["test_accuracy"])
    past = checkpoint.read_json(state) if state.exists() else {}
    same = past.get("model") == wanted["model"] and past.get("recipe") == wanted["recipe"]
    run = Run(config, recipe, folder, past["history"] if same else [], narrow=narrow)

    def report(facts: dict[str, Any]) -> None:
        click.echo(f"{folder.name} epoch {facts['epoch']}/{recipe.epochs} held out {facts['held_out_accuracy']:.4f}")

    train(run, training, report)
    found, rates = measure(best_model(run), test)
    checkpoint.write_json(result, {**wanted, "test_accuracy": found, "mean_rate": statistics.fmean(rates)})
    return found


@click.command()
@click.option("--preset", "preset_name", default="fashion-mnist-nano", show_default=True)
@click.option("--data", "data_name", help="Data set by name.")
@click.option("--train", "train_files", multiple=True, type=click.Path(path_type=Path), help=".npz with x, y.")
@click.option("--test", "test_file", type=click.Path(path_type=Path), help=".npz with x, y.")
@click.option("--size", type=click.IntRange(min=4), help="Height and width of the input [default: the preset's].")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(ATTENTION_KINDS), help="[default: all]")
@click.option("--stage", "stages", multiple=True, default=("1:6:0.004", "4:2:0.002"), show_default=True)
@click.option("--shift", default=2, show_default=True, type=click.IntRange(0, 8))
@click.option("--flip/--no-flip", default=True, show_default=True)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 10))
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N training images.")
@click.option("--held-out", default=5000, show_default=True, type=click.IntRange(min=1))
@click.option("--narrow", default="bfloat16", show_default=True, type=click.Choice(["bfloat16", "float32"]))
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(
    preset_name: str,
    data_name: str | None,
    train_files: tuple[Path, ...],
    test_file: Path | None,
    size: int | None,
    kinds: tuple[str, ...],
    stages: tuple[str, ...],
    shift: int,
    flip: bool,
    seeds: int,
    limit: int | None,
    held_out: int,
    narrow: str,
    out: Path,
) -> None:
    """Trains every kind with every seed (resumable) and writes OUT/comparison.json.

    Accuracies are of the float models: SDSA and the undone variants do not all convert.
    """
    if bool(data_name) == bool(train_files and test_file):
        raise InputError("give either --data, or --train and --test files")
    if data_name:
        training, test = data.load(data_name, "train", limit), data.load(data_name, "test")
    else:
        assert test_file is not None
        training = data.from_npz(list(train_files), "train").head(limit)
        test = data.from_npz([test_file], "test")
    config = preset(preset_name)
    if size:
        config = replace(config, input_shape=(size, size, training.x.shape[3]))
    test = data.fit(test, config.input_shape)
    schedule = tuple(Stage.parse(text) for text in stages)
    config = config.with_timesteps(schedule[-1].timesteps)
    chosen = [BASE, *(kind for kind in kinds or ATTENTION_KINDS if kind != BASE)]
    found: dict[str, list[float]] = {kind: [] for kind in chosen}
    for seed in range(1, seeds + 1):  # seed by seed, so that a stopped comparison is paired as far as it goes
        recipe = Recipe(schedule, seed=seed, held_out=held_out, shift=shift, flip=flip)
        for kind in chosen:
            model = replace(config, attention=kind)
            found[kind].append(accuracy(model, recipe, training, test, out / f"{kind}-{seed}", narrow))
        differences = [difference(kind, found[BASE], found[kind]) for kind in chosen[1:]]
        checkpoint.write_json(
            out / "comparison.json",
            {
                "preset": preset_name,
                "data": training.name,
                "input_shape": list(config.input_shape),
                "test_images": len(test.x),
                "stages": list(stages),
                "shift": shift,
                "flip": flip,
                "accuracy": "float",
                "test_accuracies": found,
                "differences": [{**asdict(item), "verdict": item.verdict} for item in differences],
            },
        )
    for kind, values in found.items():
        click.echo(f"{kind:20} {statistics.fmean(values):.4f}  {' '.join(f'{value:.4f}' for value in values)}")
    for item in differences:
        interval = "one seed" if item.interval is None else f"{item.interval[0]:+.4f} .. {item.interval[1]:+.4f}"
        click.echo(f"{BASE} - {item.kind:20} {item.mean:+.4f}  ({interval})  {item.verdict}")


if __name__ == "__main__":
    main()
