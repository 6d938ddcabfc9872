"""What the harness knows of a model, and what the host computed: plain data, made by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from edge_snn.harness.trace import HostTraces
    from edge_snn.reference import Result


@dataclass(frozen=True)
class LayerFacts:
    """A layer whose spikes are counted: neurons, or codes of an int8 network that are not their zero point.

    Attributes:
        kind: "binary", "ternary" or "graded".
        neurons: per time step.
        step: index of the timed step in which it runs.
        steps: counters of one sign: T, or 1 for codes.
        signs: 2 for ternary: the counters of -1 follow those of +1.
    """

    name: str
    kind: str
    neurons: int
    step: int
    steps: int
    signs: int = 1

    @property
    def counters(self) -> int:
        return self.steps * self.signs


@dataclass(frozen=True)
class StepFacts:
    """One timed step of the device's call sequence.

    Attributes:
        dense_macs: of one dense pass (one time step).
        nodes: names of the graph's layers with weights that it computes.
    """

    name: str
    kind: str
    dense_macs: int
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelFacts:
    """A model as the harness sees it; counters are those of ``layers`` in order."""

    name: str
    sha256: str
    timesteps: int
    classes: tuple[str, ...]
    layers: tuple[LayerFacts, ...]
    steps: tuple[StepFacts, ...]

    @property
    def counters(self) -> int:
        """Counters that a device sends: one at least, in C an array has no less."""
        return max(sum(layer.counters for layer in self.layers), 1)


@dataclass(frozen=True)
class HostResults:
    """The integer reference on the same images.

    Attributes:
        logits: int32 [B, classes].
        counts: int64 [B, counters].
        sops: synaptic operations per image, int64 [B].
        node_sops: the same apart, by name of the layer.
        traces: CRCs of what every layer leaves in memory; None unless they are asked for.
    """

    logits: np.ndarray
    counts: np.ndarray
    sops: np.ndarray
    node_sops: Mapping[str, np.ndarray] = field(default_factory=dict)
    traces: HostTraces | None = None

    @classmethod
    def of(cls, result: Result) -> HostResults:
        """The harness's view of what the reference executor returned."""
        total = sum(result.sops.values(), np.zeros(len(result.logits), np.int64))
        return cls(result.logits, result.counts, total, result.sops)


def model_facts(model: object, plan: object) -> ModelFacts:
    """Collects the facts of an :class:`~edge_snn.graph.model.IntegerModel` and its plan."""
    from edge_snn.graph.macs import dense_macs
    from edge_snn.graph.model import IntegerModel
    from edge_snn.plan import Plan

    assert isinstance(model, IntegerModel)
    assert isinstance(plan, Plan)
    macs = dense_macs(model.graph)
    step_of = {name: index for index, step in enumerate(plan.steps) for name in step.neurons}
    return ModelFacts(
        model.name,
        model.sha256,
        model.graph.timesteps,
        model.classes,
        tuple(
            LayerFacts(
                layer.name,
                layer.kind,
                model.graph.specs[layer.name].size,
                step_of[layer.name],
                layer.steps,
                layer.signs,
            )
            for layer in model.graph.counted
        ),
        tuple(
            StepFacts(step.name, step.kind, sum(macs.get(name, 0) for name in nodes), nodes)
            for step in plan.steps
            for nodes in [(step.name, *step.fused)]
        ),
    )
