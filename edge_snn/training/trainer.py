"""The training loop. Keras's own ``fit`` does the steps, so any backend works; this keeps the run safe."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_snn.data import Dataset
from edge_snn.errors import InputError
from edge_snn.models.config import ModelConfig
from edge_snn.models.transformer import build, rate_model
from edge_snn.training import checkpoint
from edge_snn.training.augment import augment
from edge_snn.training.recipe import Recipe

CLIP_NORM = 5.0
WARM_UP = 300  # steps
FLOOR = 0.01  # of the peak learning rate, at the end of a stage


@dataclass
class Run:
    """State of a training run that is going on."""

    config: ModelConfig
    recipe: Recipe
    folder: Path
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.history)

    def facts(self) -> dict[str, Any]:
        return {"model": self.config.to_json(), "recipe": self.recipe.to_json(), "history": self.history}


def split(data: Dataset, held_out: int) -> tuple[Dataset, Dataset]:
    """Splits training data into what is trained on and what chooses the checkpoint (its tail)."""
    if held_out >= len(data.x):
        raise InputError(f"{len(data.x)} training images, of which {held_out} are to be held out", where=data.name)
    cut = len(data.x) - held_out
    return Dataset(data.x[:cut], data.y[:cut], data.classes, data.name), Dataset(
        data.x[cut:], data.y[cut:], data.classes, data.name
    )


class _Batches(keras.utils.PyDataset):
    """Augmented batches in an order that depends on seed and epoch only, so a resumed run is the same run."""

    def __init__(self, data: Dataset, recipe: Recipe, classes: int, epoch: int) -> None:
        super().__init__()
        self._data, self._recipe, self._classes, self._epoch = data, recipe, classes, epoch
        self._order = np.random.default_rng((recipe.seed, epoch)).permutation(len(data.x))

    def __len__(self) -> int:
        return max(1, len(self._order) // self._recipe.batch)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        recipe = self._recipe
        chosen = self._order[index * recipe.batch : (index + 1) * recipe.batch]
        rng = np.random.default_rng((recipe.seed, self._epoch, index))
        images = augment(self._data.x[chosen], rng, recipe.shift, recipe.flip)
        return images.astype(np.float32), np.eye(self._classes, dtype=np.float32)[self._data.y[chosen]]


def _compiled(run: Run, stage: int, steps: int, weights: list[np.ndarray] | None) -> Any:
    settings = run.recipe.stages[stage]
    config = run.config.with_timesteps(settings.timesteps)
    model = build(config, settings.rate_weight, settings.rate_target)
    if weights is not None:
        model.set_weights(weights)
    total = steps * settings.epochs
    warm_up = min(WARM_UP, total // 5)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.rate * 0.05,
        max(1, total - warm_up),
        alpha=FLOOR,
        warmup_target=settings.rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=run.recipe.weight_decay, global_clipnorm=CLIP_NORM)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=run.recipe.label_smoothing)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], jit_compile=True)
    optimizer.build(model.trainable_variables)
    return model


def _state(model: Any) -> list[np.ndarray]:
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]


def _restore(model: Any, arrays: list[np.ndarray]) -> None:
    own = len(model.weights)
    model.set_weights(arrays[:own])
    for variable, value in zip(model.optimizer.variables, arrays[own:]):
        variable.assign(value)


def measure(model: Any, data: Dataset, batch: int = 250) -> tuple[float, list[float]]:
    """Accuracy in inference mode, and the mean of |spikes| of every neuron layer."""
    both = keras.Model(model.inputs, [model.outputs[0], *rate_model(model).outputs])
    right, rates = 0, np.zeros(len(model.spike_layers))
    for start in range(0, len(data.x), batch):
        x = data.x[start : start + batch].astype(np.float32)
        # One shape only: the last batch is filled up, so that the graph is compiled once.
        filled = np.concatenate([x, np.zeros((batch - len(x), *x.shape[1:]), np.float32)])
        logits, *spikes = both.predict_on_batch(filled)
        right += int((np.argmax(logits[: len(x)], axis=1) == data.y[start : start + batch]).sum())
        for index, layer in enumerate(spikes):  # [T * batch, ...]: the images that fill the batch up do not count
            steps = np.reshape(layer, (-1, batch, layer[0].size))[:, : len(x)]
            rates[index] += len(x) * float(np.abs(steps).mean())
    return right / len(data.x), [float(rate) for rate in rates / len(data.x)]


def train(
    run: Run,
    data: Dataset,
    report: Callable[[dict[str, Any]], None],
    on_step: Callable[[int, int], None] | None = None,
) -> None:
    """Trains until the recipe is done; a run that was stopped goes on where its last epoch ended.

    Args:
        data: training images; the recipe's tail of them is held out.
        report: called with the facts of every epoch.
        on_step: called with (step, steps of the epoch).
    """
    keras.utils.set_random_seed(run.recipe.seed)
    fitting, held_out = split(data, run.recipe.held_out)
    steps = len(_Batches(fitting, run.recipe, run.config.classes, 0))
    best = max((item["held_out_accuracy"] for item in run.history if item["final_stage"]), default=-1.0)
    model, current = None, -1
    while run.epoch < run.recipe.epochs:
        stage, within = run.recipe.stage_of(run.epoch)
        if stage != current:
            weights = model.get_weights() if model is not None else None
            model, resuming = _compiled(run, stage, steps, weights), model is None and run.epoch > 0
            if resuming:
                _resume(model, run, within)
            current = stage
        assert model is not None
        started = time.monotonic()
        batches = _Batches(fitting, run.recipe, run.config.classes, run.epoch)
        ticker = _Ticker(on_step, steps) if on_step else None
        log = model.fit(batches, epochs=1, verbose=0, callbacks=[ticker] if ticker else None)
        accuracy, rates = measure(model, held_out)
        facts = {
            "epoch": run.epoch + 1,
            "timesteps": run.recipe.stages[stage].timesteps,
            "final_stage": stage == len(run.recipe.stages) - 1,
            "loss": float(log.history["loss"][0]),
            "accuracy": float(log.history["accuracy"][0]),
            "held_out_accuracy": accuracy,
            "mean_rate": float(np.mean(rates)),
            "rates": dict(zip(model.spike_layers, rates)),
            "seconds": round(time.monotonic() - started, 1),
        }
        run.history.append(facts)
        if facts["final_stage"] and accuracy > best:
            best = accuracy
            checkpoint.write_arrays(run.folder / checkpoint.BEST, model.get_weights())
        checkpoint.write_arrays(run.folder / checkpoint.STATE, _state(model))
        checkpoint.write_json(run.folder / checkpoint.RUN, run.facts())
        report(facts)


def _resume(model: Any, run: Run, within: int) -> None:
    """Loads the state of the last epoch; at the start of a stage only the weights carry over."""
    path = run.folder / checkpoint.STATE
    weights = [tuple(weight.shape) for weight in model.weights]
    optimizer = [tuple(variable.shape) for variable in model.optimizer.variables]
    arrays = checkpoint.read_arrays(path, weights + optimizer)
    if within == 0:
        model.set_weights(arrays[: len(weights)])
    else:
        _restore(model, arrays)


class _Ticker(keras.callbacks.Callback):
    def __init__(self, on_step: Callable[[int, int], None], steps: int) -> None:
        super().__init__()
        self._on_step, self._steps = on_step, steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._on_step(batch + 1, self._steps)


def best_model(run: Run) -> Any:
    """The inference model with the weights of the best epoch of the last stage."""
    model = build(run.config)
    path = run.folder / checkpoint.BEST
    model.set_weights(checkpoint.read_arrays(path, [tuple(weight.shape) for weight in model.weights]))
    return model
