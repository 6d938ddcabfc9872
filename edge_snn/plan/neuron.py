"""What of a neuron fits the lanes of the kernels, as proved by the converter."""

from __future__ import annotations

import numpy as np

from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron
from edge_snn.plan.steps import NeuronPart, Spikes, Window

BLOCK_STEPS = (2, 4)  # T of the neuron kernels for blocks


def halving(model: IntegerModel, node: Neuron) -> bool:
    """Whether the kernels for T = 2 or 4, reset to zero and a leak of 1/2 run it."""
    return model.graph.timesteps in BLOCK_STEPS and node.reset == "zero" and node.leak_shifts == (1,)


def plan_neuron(model: IntegerModel, node: Neuron, output: Spikes, counter: int, window: Window | None) -> NeuronPart:
    """The neuron behind a layer, with all that its bounds allow."""
    membrane, threshold = model.accumulators[f"{node.name}.membrane"], int(np.max(node.threshold))
    blocks = halving(model, node)
    narrow = blocks and threshold <= INT16_MAX
    low = membrane.low - threshold
    high = membrane.high + (threshold - 1 if node.polarity == "ternary" else 0)
    return NeuronPart(
        node,
        output,
        counter,
        window,
        blocks=blocks,
        narrow=narrow,
        driven=model.edges[node.inputs[0]].bounds.bits <= 16,
        held=membrane.bits <= 16,
        lanes=narrow and low >= -INT16_MAX - 1 and high <= INT16_MAX,
    )
