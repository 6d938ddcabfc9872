"""What the harness knows of a model, and what the host computed: plain data, made by the caller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LayerFacts:
    """One neuron layer.

    Attributes:
        kind: "binary" or "ternary"; ternary layers have two counters a step, plus and minus.
        neurons: per time step.
        step: index of the timed step in which it runs.
    """

    name: str
    kind: str
    neurons: int
    step: int


@dataclass(frozen=True)
class StepFacts:
    """One timed step of the device's call sequence."""

    name: str
    kind: str
    dense_macs: int


@dataclass(frozen=True)
class ModelFacts:
    """A model as the harness sees it; counters are those of ``layers`` in order."""

    name: str
    sha256: str
    timesteps: int
    classes: tuple[str, ...]
    layers: tuple[LayerFacts, ...]
    steps: tuple[StepFacts, ...]


@dataclass(frozen=True)
class HostResults:
    """The integer reference on the same images.

    Attributes:
        logits: int32 [B, classes].
        counts: int64 [B, counters].
        sops: synaptic operations per image, int64 [B].
    """

    logits: np.ndarray
    counts: np.ndarray
    sops: np.ndarray


def model_facts(model: object, plan: object) -> ModelFacts:
    """Collects the facts of an :class:`~edge_snn.graph.model.IntegerModel` and its plan."""
    from edge_snn.graph.macs import dense_macs
    from edge_snn.graph.model import IntegerModel
    from edge_snn.plan import Plan

    assert isinstance(model, IntegerModel)
    assert isinstance(plan, Plan)
    macs = dense_macs(model.graph)
    step_of = {name: index for index, step in enumerate(plan.steps) for name in step.neurons}
    fused = {step.name: step.fused for step in plan.steps}
    return ModelFacts(
        model.name,
        model.sha256,
        model.graph.timesteps,
        model.classes,
        tuple(
            LayerFacts(node.name, node.polarity, model.graph.specs[node.name].size, step_of[node.name])
            for node in model.graph.neurons
        ),
        tuple(
            StepFacts(step.name, step.kind, sum(macs.get(name, 0) for name in (step.name, *fused[step.name])))
            for step in plan.steps
        ),
    )
