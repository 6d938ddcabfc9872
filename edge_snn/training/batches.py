"""Batches of a training epoch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_snn.data import Dataset, fit
from edge_snn.training.augment import augment, mix
from edge_snn.training.recipe import Recipe


class Batches:
    """Augmented batches in an order that depends on seed and epoch only, so a resumed run is the same run.

    Images are augmented at the size they come in, then brought to the model's (so a model of 14x14 sees
    images of 28x28 moved by half its pixels).

    Args:
        data: uint8 images, whole multiples of ``shape``.
        shape: (height, width, channels) of the model's input.
        epoch: of the whole run.
    """

    def __init__(
        self, data: Dataset, recipe: Recipe, shape: tuple[int, int, int], classes: int, epoch: int, stage: int
    ) -> None:
        self._data, self._recipe, self._shape, self._classes = data, recipe, shape, classes
        self._epoch = epoch
        self._mixup = recipe.mixup if stage < len(recipe.stages) - 1 else 0.0
        self._order = np.random.default_rng((recipe.seed, epoch)).permutation(len(data.x))

    def __len__(self) -> int:
        return max(1, len(self._order) // self._recipe.batch)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 [B, H, W, C], pixels 0..255, and labels float32 [B, classes]."""
        recipe = self._recipe
        chosen = self._order[index * recipe.batch : (index + 1) * recipe.batch]
        rng = np.random.default_rng((recipe.seed, self._epoch, index))
        moved = augment(self._data.x[chosen], rng, recipe.shift, recipe.flip, recipe.erase)
        images = fit(Dataset(moved, self._data.y[chosen]), self._shape).x.astype(np.float32)
        labels = np.eye(self._classes, dtype=np.float32)[self._data.y[chosen]]
        return mix(images, labels, rng, self._mixup) if self._mixup else (images, labels)
