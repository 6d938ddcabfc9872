"""How good a model's outputs are: shares of right classes, area under the ROC curve, squared errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.errors import InputError

ACCURACY, TOP, AUC, MSE, BINARY = "accuracy", "top", "auc", "mse", "binary"
FORMS = "accuracy, top-K, auc, mse, binary or binary:THRESHOLD"
MAX_TOP = 1000


@dataclass(frozen=True)
class Metric:
    """A score of outputs against what is known (docs/harness.md).

    Attributes:
        kind: one of the constants above.
        top: K of ``top``.
        threshold: of ``binary``, a real value.
    """

    kind: str = ACCURACY
    top: int = 1
    threshold: float = 0.5

    @classmethod
    def parse(cls, text: str) -> Metric:
        """A metric by its name; InputError for another."""
        head, _, tail = text.partition("-")
        if head == TOP and tail.isascii() and tail.isdigit() and len(tail) < 5 and 1 <= int(tail) <= MAX_TOP:
            return cls(TOP, top=int(tail))
        head, colon, tail = text.partition(":")
        if head == BINARY and colon:
            try:
                threshold = float(tail)
            except ValueError:
                threshold = float("nan")
            if np.isfinite(threshold):
                return cls(BINARY, threshold=threshold)
        if text in (ACCURACY, AUC, MSE, BINARY):
            return cls(text)
        raise InputError(f"no such metric: {text[:40]!r}", hint=f"one of: {FORMS}")

    @property
    def name(self) -> str:
        """As it is parsed."""
        if self.kind == TOP:
            return f"{TOP}-{self.top}"
        return f"{BINARY}:{self.threshold:g}" if self.kind == BINARY and self.threshold != 0.5 else self.kind

    @property
    def is_share(self) -> bool:
        """Whether it is 0 to 1, and more is better."""
        return self.kind != MSE


def top_hits(outputs: np.ndarray, labels: np.ndarray, top: int) -> np.ndarray:
    """Whether the label is among the ``top`` largest outputs, bool [N]; of equal ones the first counts as larger.

    Args:
        outputs: [N, n]; labels: int64 [N], below n.
    """
    mine = np.take_along_axis(outputs, labels[:, None], axis=1)
    before = np.arange(outputs.shape[1]) < labels[:, None]
    return np.asarray(((outputs > mine) | ((outputs == mine) & before)).sum(axis=1) < top)


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: how often a 1 has a larger score than a 0; equal scores count one half.

    Args:
        scores: float64 [N]; labels: 0 or 1, int64 [N], both of them there.
    """
    _, rank, count = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    middle = ends - (count - 1) / 2.0  # mean rank, from 1, of equal scores
    ones = int(labels.sum())
    above = middle[rank][labels == 1].sum() - ones * (ones + 1) / 2.0
    return float(above / (ones * (len(labels) - ones)))


def squared_errors(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mean squared error of each row, float64 [N], of real values [N, n]."""
    return np.asarray(np.square(values - wanted).mean(axis=1))


def means(values: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each group, float64 [G], and the index of its first row, int64 [G]; in the order of their numbers."""
    _, first, place = np.unique(groups, return_index=True, return_inverse=True)
    return np.bincount(place, values) / np.bincount(place), first
