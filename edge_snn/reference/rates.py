"""Firing rates of layers, from spike counts."""

from __future__ import annotations

from typing import Any

from edge_snn.graph.model import IntegerModel
from edge_snn.reference.executor import Result


def layer_rates(model: IntegerModel, result: Result) -> list[dict[str, Any]]:
    """Mean spikes per image and time step, and firing rate, of every counted layer (ternary as |s|)."""
    layers = []
    start = 0
    for layer in model.graph.counted:
        counts = result.counts[:, start : start + layer.counters].reshape(-1, layer.signs, layer.steps)
        start += layer.counters
        per_step = counts.sum(axis=1).mean(axis=0)
        neurons = model.graph.specs[layer.name].size
        layers.append(
            {
                "name": layer.name,
                "kind": layer.kind,
                "neurons": neurons,
                "rate": float(per_step.mean() / neurons),
                "spikes_per_step": [float(value) for value in per_step],
            }
        )
    return layers


def mean_rate(layers: list[dict[str, Any]]) -> float:
    """Spikes over neurons times steps, all layers together."""
    neurons = sum(layer["neurons"] for layer in layers)
    return float(sum(layer["rate"] * layer["neurons"] for layer in layers) / neurons) if neurons else 0.0
