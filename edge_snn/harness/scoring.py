"""Scores of what a model computes, on the host or on a device, by one metric (docs/harness.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.data.dataset import check_range
from edge_snn.data.metrics import ACCURACY, AUC, BINARY, MSE, TOP, Metric, means, roc_auc, squared_errors, top_hits
from edge_snn.data.samples import Samples
from edge_snn.errors import InputError
from edge_snn.graph.graded import SIGN
from edge_snn.graph.model import IntegerModel

BINARY_CLASSES = ("0", "1")


@dataclass(frozen=True)
class Scoring:
    """A metric with all that it compares outputs with.

    Attributes:
        labels: int64 [N]; None where there are none.
        wanted: real values, float64 [N, outputs], of which outputs are to be near; None where that does not matter.
        groups: int64 [N]: samples of one number have one score; None: each has its own.
        scale, zero: a logit stands for ``scale * (logit - zero)``.
        others: what else tells this data set from another, see :attr:`edge_snn.data.samples.Samples.others`.
    """

    metric: Metric = Metric()
    labels: np.ndarray | None = None
    wanted: np.ndarray | None = None
    groups: np.ndarray | None = None
    scale: float = 1.0
    zero: int = 0
    others: tuple[np.ndarray, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether each sample gets a class."""
        return self.metric.kind in (ACCURACY, TOP, BINARY)

    def names(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the classes that are decided between, of a model with these."""
        return BINARY_CLASSES if self.metric.kind == BINARY else classes

    def real(self, logits: np.ndarray) -> np.ndarray:
        """Real values, float64, of logits."""
        return self.scale * (logits.astype(np.float64) - self.zero)

    def classes(self, logits: np.ndarray) -> np.ndarray | None:
        """Classes, int64 [B], of logits [B, n]: the first of the largest, or whether the one is above the threshold."""
        if not self.decides:
            return None
        if self.metric.kind == BINARY:
            return (self.real(logits)[:, 0] > self.metric.threshold).astype(np.int64)
        return np.asarray(np.argmax(logits, axis=1))

    def right(self, logits: np.ndarray, indices: np.ndarray) -> np.ndarray | None:
        """Whether the class is the label, bool [B]; None without classes or labels.

        Args:
            logits: int32 [B, n]; indices: of the samples they are of, int64 [B].
        """
        found = self.classes(logits)
        return None if found is None or self.labels is None else np.asarray(found == self.labels[indices])

    def scores(self, logits: np.ndarray, indices: np.ndarray) -> np.ndarray | None:
        """The number that the metric looks at, float64 [B]; None where it looks at classes."""
        if self.wanted is not None:
            return squared_errors(self.real(logits), self.wanted[indices])
        if self.metric.kind in (AUC, BINARY):
            values = self.real(logits)
            return np.asarray(values[:, -1] - (values[:, 0] if values.shape[1] == 2 else 0.0))
        return None

    def value(self, logits: np.ndarray, indices: np.ndarray) -> float | None:
        """The metric; None without samples, or without what it needs among these."""
        if not len(indices):
            return None
        scores, labels = self.scores(logits, indices), self.labels
        if self.metric.kind == MSE:
            assert scores is not None
            return float(scores.mean())
        if labels is None:
            return None
        if self.metric.kind == AUC:
            assert scores is not None
            labels = labels[indices]
            if self.groups is not None:
                scores, first = means(scores, self.groups[indices])
                labels = labels[first]
            return roc_auc(scores, labels) if 0 < labels.sum() < len(labels) else None
        if self.metric.kind == TOP:
            return float(top_hits(logits, labels[indices], self.metric.top).mean())
        right = self.right(logits, indices)
        assert right is not None
        return float(right.mean())


def check_threshold(scored: Scoring, least: float | None, where: str) -> None:
    """Raises InputError if no least value of the metric can be asked for."""
    if least is None:
        return
    if not scored.metric.is_share:
        raise InputError(f"--min-accuracy is for metrics of which more is better, not {scored.metric.name}")
    if scored.labels is None:
        raise InputError("--min-accuracy needs labels, and there are none", where=where)


def scoring(metric: Metric, samples: Samples, model: IntegerModel) -> Scoring:
    """How the outputs of a model for some samples are scored.

    Args:
        samples: as :func:`edge_snn.data.samples.fit` returned them for this model.

    Raises:
        InputError: the metric needs other labels, targets or outputs than there are.
    """
    count, labels = len(model.classes), samples.y
    kind, where = metric.kind, samples.name

    def needed(what: str, hint: str = "") -> InputError:
        return InputError(f"--metric {metric.name} needs {what}", where=where, hint=hint)

    wanted = None
    if kind in (ACCURACY, TOP):
        if samples.targets is not None:
            y = samples.targets
            raise needed(f"labels, integers [N], and y is {y.dtype}{list(y.shape)}", "--metric mse is for targets")
        if labels is not None and count == 1 and labels.any():
            raise needed("two outputs or more, the model has one", "--metric binary, auc or mse scores one output")
        if labels is not None:
            check_range(labels, count, where)
        if metric.top > count:
            raise needed(f"{metric.top} outputs, the model has {count}")
    else:
        if kind in (AUC, BINARY) and (labels is None or labels.max() > 1):
            raise needed("labels of 0 and 1", "in y of the .npz")
        if kind == BINARY and count != 1:
            raise needed(f"one output, the model has {count}", "--metric accuracy decides between two")
        if kind == MSE or (kind == AUC and count > 2):
            wanted = _wanted(samples, model, kind == MSE)
            if wanted is None:
                raise needed(f"targets for {count} outputs", "the input of an autoencoder, or floats in y of the .npz")
        if kind == AUC:
            _check_both(labels, samples.groups, where)
    scale, zero = _units(model)
    groups = samples.groups if kind == AUC else None
    return Scoring(metric, labels, wanted, groups, scale, zero, samples.others)


def _check_both(labels: np.ndarray | None, groups: np.ndarray | None, where: str) -> None:
    assert labels is not None
    if len(np.unique(labels)) != 2:
        raise InputError("--metric auc needs samples of both labels, 0 and 1", where=where)
    if groups is not None:
        for_group = {group: label for group, label in zip(groups.tolist(), labels.tolist())}
        mixed = np.flatnonzero([for_group[group] != label for group, label in zip(groups.tolist(), labels.tolist())])
        if len(mixed):
            raise InputError(f"group {groups[mixed[0]]} has samples of both labels", where=where)


def _units(model: IntegerModel) -> tuple[float, int]:
    """Scale and zero point of the logits."""
    if model.borders is None:
        return float(model.edges[model.graph.end.name].scale[0]), 0
    return model.makes.scale, model.makes.zero - SIGN


def _wanted(samples: Samples, model: IntegerModel, labels_too: bool) -> np.ndarray | None:
    """What the outputs should be, float64 [N, outputs]: targets, else the input, else the labels of one output."""
    count, size = len(model.classes), len(samples.x)
    if samples.targets is not None:
        targets = samples.targets.reshape(size, -1)
        if targets.shape[1] != count:
            raise InputError(f"{targets.shape[1]} targets a sample, the model has {count} outputs", where=samples.name)
        if targets.dtype.kind == "f":
            return targets.astype(np.float64)
        scale, zero = _units(model)
        shift = SIGN if targets.dtype == np.uint8 else 0
        return np.asarray(scale * (targets.astype(np.float64) - shift - zero))
    if samples.x[0].size == count:
        if samples.given is not None and samples.given.dtype.kind == "f":
            return samples.given.reshape(size, -1).astype(np.float64)
        takes = model.takes
        return np.asarray(takes.scale * (samples.x.reshape(size, -1).astype(np.float64) - takes.zero))
    if labels_too and count == 1 and samples.y is not None:
        return samples.y[:, None].astype(np.float64)
    return None
