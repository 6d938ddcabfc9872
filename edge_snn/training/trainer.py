"""The training loop: stages and epochs, the held-out images, and a run that survives being stopped."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_snn.data import Dataset, fit
from edge_snn.errors import InputError, ToolMissingError
from edge_snn.models.config import ModelConfig
from edge_snn.models.transformer import build
from edge_snn.training import checkpoint
from edge_snn.training.batches import Batches
from edge_snn.training.grid import snapped
from edge_snn.training.keras_engine import KerasEngine, measure
from edge_snn.training.recipe import Recipe

ENGINES = ("auto", "keras", "torch")
NARROW = ("bfloat16", "float32")

__all__ = ["ENGINES", "NARROW", "Run", "best_model", "measure", "split", "train"]


@dataclass
class Run:
    """State of a training run that is going on.

    Attributes:
        engine: what does the steps: "torch" (fast on a CPU), "keras", or "auto" (torch where it is installed).
        narrow: dtype of the operands of convolutions and products in training; torch only.
        start: a trained ``.tflite`` of the same network to start from, instead of random weights; torch only.
        teacher: folder of a teacher (``tools/train_dense.py``), where the recipe has a share for one.
    """

    config: ModelConfig
    recipe: Recipe
    folder: Path
    history: list[dict[str, Any]] = field(default_factory=list)
    engine: str = "auto"
    narrow: str = "float32"
    start: Path | None = None
    teacher: Path | None = None

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def facts(self) -> dict[str, Any]:
        return {
            "model": self.config.to_json(),
            "recipe": self.recipe.to_json(),
            "engine": self.engine,
            "narrow": self.narrow,
            "teacher": self.teacher and f"{self.teacher.name} {checkpoint.digest(self.teacher / checkpoint.BEST)}",
            "start": self.start and f"{self.start.name} {checkpoint.digest(self.start)}",
            "history": self.history,
        }


def split(data: Dataset, held_out: int) -> tuple[Dataset, Dataset]:
    """Splits training data into what is trained on and what chooses the checkpoint (its tail)."""
    if held_out >= len(data.x):
        raise InputError(f"{len(data.x)} training images, of which {held_out} are to be held out", where=data.name)
    cut = len(data.x) - held_out
    return Dataset(data.x[:cut], data.y[:cut], data.classes, data.name), Dataset(
        data.x[cut:], data.y[cut:], data.classes, data.name
    )


def choose_engine(wanted: str) -> str:
    """ "torch" or "keras"; ToolMissingError when PyTorch is asked for and not installed."""
    found = importlib.util.find_spec("torch") is not None
    if wanted == "torch" and not found:
        raise ToolMissingError("the torch engine needs PyTorch", hint="pip install torch, or add --engine keras")
    return ("torch" if found else "keras") if wanted == "auto" else wanted


def _engine(run: Run, stage: int, steps: int, weights: list[np.ndarray] | None) -> Any:
    settings = run.recipe.stages[stage]
    coded = settings.timesteps if settings.rate_coded else 0
    config = run.config.with_timesteps(1 if coded else settings.timesteps)
    if run.engine == "torch":
        from edge_snn.training.torch_engine import TorchEngine

        model = build(config, rate_coded=coded)
        if weights is not None:
            model.set_weights(weights)
        return TorchEngine(model, run.recipe, stage, steps, run.narrow)
    if settings.weight_bits:
        raise ToolMissingError("weights of few bits are trained by the torch engine", hint="pip install torch")
    model = build(config, settings.rate_weight, settings.rate_target, coded)
    if weights is not None:
        model.set_weights(weights)
    return KerasEngine(model, run.recipe, stage, steps)


def _first_weights(run: Run, start: Path, data: Dataset) -> list[np.ndarray]:
    from edge_snn.training.warm_start import warm_start

    model = build(run.config)
    warm_start(model, start, fit(data, run.config.input_shape).x)
    return list(model.get_weights())


def _softener(run: Run) -> Callable[[Batches], Any]:
    """What the batches of an epoch go through: a teacher, where there is one."""
    share = run.recipe.taught
    if (share > 0) != (run.teacher is not None):
        raise InputError("a teacher and its share of the labels (--taught) go together", where="recipe")
    if run.teacher is None:
        return lambda batches: batches
    from edge_snn.training.distill import SoftBatches, Teacher

    teacher = Teacher(run.teacher, run.config.input_shape, run.config.classes)
    return lambda batches: SoftBatches(batches, teacher, share)


def train(
    run: Run,
    data: Dataset,
    report: Callable[[dict[str, Any]], None],
    on_step: Callable[[int, int], None] | None = None,
) -> None:
    """Trains until the recipe is done; a run that was stopped goes on where its last epoch ended.

    Args:
        data: training images, of the model's size or whole multiples of it; the recipe's tail is held out.
        report: called with the facts of every epoch.
        on_step: called with (step, steps of the epoch).
    """
    run.engine = choose_engine(run.engine)
    keras.utils.set_random_seed(run.recipe.seed)
    fitting, held_out = split(data, run.recipe.held_out)
    shape, classes = run.config.input_shape, run.config.classes
    held_out = fit(held_out, shape)
    steps = len(Batches(fitting, run.recipe, shape, classes, 0, 0))
    best = max((item["held_out_accuracy"] for item in run.history if item["final_stage"]), default=-1.0)
    engine, current = None, -1
    soften = _softener(run)
    first = _first_weights(run, run.start, fitting.head(512)) if run.start and not run.history else None
    while run.epoch < run.recipe.epochs:
        stage, within = run.recipe.stage_of(run.epoch)
        if stage != current:
            weights = engine.weights() if engine is not None else first
            engine, resuming = _engine(run, stage, steps, weights), engine is None and run.epoch > 0
            if resuming:
                _resume(engine, run, within)
            current = stage
        assert engine is not None
        started = time.monotonic()
        batches = Batches(fitting, run.recipe, shape, classes, run.epoch, stage)
        loss, seen = engine.fit(soften(batches), (lambda step: on_step(step, steps)) if on_step else None)
        accuracy, rates = engine.measure(held_out)
        facts = {
            "epoch": run.epoch + 1,
            "timesteps": run.recipe.stages[stage].timesteps,
            "rate_coded": run.recipe.stages[stage].rate_coded,
            "weight_bits": run.recipe.stages[stage].weight_bits,
            "final_stage": stage == len(run.recipe.stages) - 1,
            "loss": loss,
            "accuracy": seen,
            "held_out_accuracy": accuracy,
            "mean_rate": float(np.mean(rates)),
            "rates": dict(zip(engine.model.spike_layers, rates)),
            "seconds": round(time.monotonic() - started, 1),
        }
        run.history.append(facts)
        if facts["final_stage"] and accuracy > best:
            best = accuracy
            checkpoint.write_arrays(run.folder / checkpoint.BEST, engine.weights())
        checkpoint.write_arrays(run.folder / checkpoint.STATE, engine.state())
        checkpoint.write_json(run.folder / checkpoint.RUN, run.facts())
        report(facts)


def _resume(engine: Any, run: Run, within: int) -> None:
    """Loads the state of the last epoch; at the start of a stage only the weights carry over."""
    path = run.folder / checkpoint.STATE
    arrays = checkpoint.read_arrays(path, [array.shape for array in engine.state()])
    engine.restore(arrays, optimizer=within > 0)


def best_model(run: Run) -> Any:
    """The inference model with the weights of the best epoch of the last stage, rounded if they were trained so."""
    model = build(run.config)
    path = run.folder / checkpoint.BEST
    model.set_weights(checkpoint.read_arrays(path, [tuple(weight.shape) for weight in model.weights]))
    if run.recipe.weight_bits:
        model.set_weights(snapped(model, run.recipe.weight_bits))
    return model
