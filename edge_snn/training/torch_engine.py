"""Training steps in PyTorch: the lowered model, compiled; operands in bfloat16 where wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from edge_snn.data import Dataset
from edge_snn.training.lowering import lower
from edge_snn.training.recipe import CLIP_NORM, FLOOR, Recipe, warm_up_steps

MOVING = 0.1  # share of a batch in the moving BatchNorm statistics; models/conv.py has 1 - MOVING


class TorchEngine:
    """One stage of a run.

    Args:
        model: Keras model of the stage, built without rate loss; gives structure and first weights.
        recipe, stage: the run's recipe and the index of the stage.
        steps: of an epoch.
        narrow: "bfloat16" or "float32": operands of convolutions and products in training.
    """

    def __init__(self, model: Any, recipe: Recipe, stage: int, steps: int, narrow: str) -> None:
        self.model, self._recipe, self._stage = model, recipe, recipe.stages[stage]
        self._total = steps * self._stage.epochs
        self._narrow = getattr(torch, narrow)
        self._forward, self._moving = lower(model)
        trained = {id(weight) for weight in model.trainable_weights}
        self._weights = [torch.tensor(value) for value in model.get_weights()]
        self._trained = [tensor for tensor, weight in zip(self._weights, model.weights) if id(weight) in trained]
        for tensor in self._trained:
            tensor.requires_grad_()
        matrices = [tensor for tensor in self._trained if tensor.ndim > 1]
        vectors = [tensor for tensor in self._trained if tensor.ndim == 1]
        groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, lr=self._stage.rate, fused=True)
        self._step = 0
        self._moments = [(torch.zeros_like(tensor), torch.zeros_like(tensor)) for tensor in self._trained]
        self._place_moments()
        torch.compiler.reset()  # of earlier stages and runs: there is a limit to graphs of one function
        self._loss = torch.compile(self._loss_of, fullgraph=True, dynamic=False)

    def _place_moments(self) -> None:
        for tensor, (first, second) in zip(self._trained, self._moments):
            step = torch.tensor(float(self._step))
            self._optimizer.state[tensor] = {"step": step, "exp_avg": first, "exp_avg_sq": second}

    def _loss_of(self, weights: list[Any], image: Any, labels: Any) -> Any:
        logits, rates, statistics = self._forward(weights, image, True, self._narrow, bits=self._stage.weight_bits)
        smoothing = self._recipe.label_smoothing
        loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        right = (logits.argmax(1) == labels.argmax(1)).float().mean()
        total = loss
        if len(rates):  # a teacher has none
            target = self._stage.rate_target
            excess = F.relu(rates - target).mean() + F.relu(rates.mean() - target)
            total = loss + self._stage.rate_weight * excess
        return total, loss.detach(), right, statistics

    def _rate(self) -> float:
        """Learning rate of the next step: linear warm-up, then half a cosine."""
        peak, warm = self._stage.rate, warm_up_steps(self._total)
        if self._step < warm:
            return peak * (0.05 + 0.95 * self._step / warm)
        done = (self._step - warm) / max(1, self._total - warm)
        return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    def fit(
        self, batches: Iterable[tuple[np.ndarray, np.ndarray]], on_step: Callable[[int], None] | None
    ) -> tuple[float, float]:
        """Trains an epoch; returns the mean cross entropy and accuracy of its steps."""
        losses, hits, count = 0.0, 0.0, 0
        for image, labels in batches:
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate()
            self._optimizer.zero_grad(set_to_none=True)
            total, loss, right, statistics = self._loss(
                self._weights, torch.from_numpy(image), torch.from_numpy(labels)
            )
            total.backward()
            torch.nn.utils.clip_grad_norm_(self._trained, CLIP_NORM, foreach=True)
            self._optimizer.step()
            torch._foreach_lerp_([self._weights[index] for index in self._moving], statistics, MOVING)
            self._step += 1
            losses, hits, count = losses + float(loss), hits + float(right), count + 1
            if on_step:
                on_step(count)
        return losses / count, hits / count

    def weights(self) -> list[np.ndarray]:
        """In the order of the Keras model."""
        return [tensor.detach().numpy().copy() for tensor in self._weights]

    def state(self) -> list[np.ndarray]:
        """Weights, then what the optimizer keeps."""
        moments = [moment.numpy() for pair in self._moments for moment in pair]
        return [*self.weights(), np.array(self._step), *moments]

    def restore(self, arrays: list[np.ndarray], optimizer: bool) -> None:
        """Takes what :meth:`state` gave; without ``optimizer`` the weights only."""
        own = len(self._weights)
        with torch.no_grad():
            for tensor, value in zip(self._weights, arrays):
                tensor.copy_(torch.from_numpy(value))
            if optimizer:
                self._step = int(arrays[own])
                values = iter(arrays[own + 1 :])
                for pair in self._moments:
                    for moment in pair:
                        moment.copy_(torch.from_numpy(next(values)))
                self._place_moments()

    def measure(self, data: Dataset, batch: int = 250) -> tuple[float, list[float]]:
        """Accuracy in float32 in inference mode, and the mean of |spikes| of every neuron layer."""
        right, rates = 0, np.zeros(len(self.model.spike_layers))
        with torch.no_grad():
            for start in range(0, len(data.x), batch):
                image = torch.from_numpy(data.x[start : start + batch].astype(np.float32))
                logits, found, _ = self._forward(
                    self._weights, image, False, torch.float32, bits=self._stage.weight_bits
                )
                right += int((logits.argmax(1).numpy() == data.y[start : start + batch]).sum())
                rates += len(image) * found.numpy()
        return right / len(data.x), [float(rate) for rate in rates / len(data.x)]
