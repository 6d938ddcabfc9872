"""Training steps by Keras's own ``fit``: any backend, XLA where there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from edge_snn.data import Dataset
from edge_snn.models.transformer import rate_model
from edge_snn.training.batches import Batches
from edge_snn.training.recipe import CLIP_NORM, FLOOR, Recipe, warm_up_steps


class KerasEngine:
    """One stage of a run.

    Args:
        model: Keras model of the stage, built with the stage's rate loss.
        recipe, stage: the run's recipe and the index of the stage.
        steps: of an epoch.
    """

    def __init__(self, model: Any, recipe: Recipe, stage: int, steps: int) -> None:
        self.model = model
        settings = recipe.stages[stage]
        total = steps * settings.epochs
        warm_up = warm_up_steps(total)
        schedule = keras.optimizers.schedules.CosineDecay(
            settings.rate * 0.05,
            max(1, total - warm_up),
            alpha=FLOOR,
            warmup_target=settings.rate,
            warmup_steps=warm_up,
        )
        self._optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, global_clipnorm=CLIP_NORM)
        self._optimizer.exclude_from_weight_decay(
            [weight for weight in model.trainable_variables if len(weight.shape) == 1]
        )
        loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing)
        model.compile(optimizer=self._optimizer, loss=loss, metrics=["accuracy"], jit_compile=True)
        self._optimizer.build(model.trainable_variables)

    def fit(self, batches: Batches, on_step: Callable[[int], None] | None) -> tuple[float, float]:
        """Trains an epoch; returns the mean loss and accuracy of its steps."""
        callbacks = [_Ticker(on_step)] if on_step else None
        log = self.model.fit(_Sequence(batches), epochs=1, verbose=0, shuffle=False, callbacks=callbacks)
        return float(log.history["loss"][0]), float(log.history["accuracy"][0])

    def weights(self) -> list[np.ndarray]:
        """In the order of the Keras model."""
        return list(self.model.get_weights())

    def state(self) -> list[np.ndarray]:
        """Weights, then what the optimizer keeps."""
        return [*self.weights(), *(np.asarray(variable) for variable in self._optimizer.variables)]

    def restore(self, arrays: list[np.ndarray], optimizer: bool) -> None:
        """Takes what :meth:`state` gave; without ``optimizer`` the weights only."""
        own = len(self.model.weights)
        self.model.set_weights(arrays[:own])
        if optimizer:
            for variable, value in zip(self._optimizer.variables, arrays[own:]):
                variable.assign(value)

    def measure(self, data: Dataset, batch: int = 250) -> tuple[float, list[float]]:
        """See :func:`measure`."""
        return measure(self.model, data, batch)


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


class _Sequence(keras.utils.PyDataset):
    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self._batches[index]


class _Ticker(keras.callbacks.Callback):
    def __init__(self, on_step: Callable[[int], None]) -> None:
        super().__init__()
        self._on_step = on_step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._on_step(batch + 1)
