"""Knowledge distillation (Hinton et al. 2015): labels are softened by what a dense teacher says of the same image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge_snn.errors import InputError
from edge_snn.models.dense import NETWORKS
from edge_snn.training import checkpoint
from edge_snn.training.batches import Batches
from edge_snn.training.lowering import lower

TEMPERATURE = 2.0  # of the teacher's softmax


class Teacher:
    """A trained teacher that says how likely each class is.

    Args:
        run: folder of ``tools/train_dense.py``.
        input_shape, classes: of the student; the teacher must have the same.
    """

    def __init__(self, run: Path, input_shape: tuple[int, int, int], classes: int) -> None:
        facts = checkpoint.read_json(run / checkpoint.RUN)
        wanted = {"input_shape": list(input_shape), "classes": classes}
        teacher = facts.get("network") if isinstance(facts, dict) else None
        if (
            not isinstance(teacher, dict)
            or type(teacher.get("width")) is not int
            or teacher.get("kind") not in NETWORKS
        ):
            raise InputError("holds no teacher", where=str(run), hint="python tools/train_dense.py --out FOLDER")
        if {key: teacher.get(key) for key in wanted} != wanted:
            raise InputError(f"the teacher is not one of {input_shape} and {classes} classes", where=str(run))
        model = NETWORKS[teacher["kind"]](input_shape, classes, teacher["width"])
        shapes = [tuple(weight.shape) for weight in model.weights]
        arrays = checkpoint.read_arrays(run / checkpoint.BEST, shapes)
        self._weights = [torch.from_numpy(array) for array in arrays]
        forward, _ = lower(model)
        self._logits = torch.compile(
            lambda weights, image: forward(weights, image, False, torch.bfloat16)[0], dynamic=False
        )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 [B, H, W, C], pixels 0..255, to probabilities float32 [B, classes]."""
        with torch.no_grad():
            return torch.softmax(self._logits(self._weights, torch.from_numpy(images)) / TEMPERATURE, 1).numpy()


class SoftBatches:
    """Batches whose labels are ``(1 - share) * label + share * teacher(image)``."""

    def __init__(self, batches: Batches, teacher: Any, share: float) -> None:
        self._batches, self._teacher, self._share = batches, teacher, np.float32(share)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        images, labels = self._batches[index]
        return images, (1 - self._share) * labels + self._share * self._teacher(images)
