"""Layers whose sums fit 16 bits and are shared over time: what the chain kernels need (esnn_chain.h)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from edge_snn.graph.model import INT16_MAX, IntegerModel
from edge_snn.graph.neuron import Neuron
from edge_snn.plan.steps import Finish, Spikes

BLOCK = 16  # outputs of a block
MAX_INPUTS = INT16_MAX - 32  # rows are numbered in int16
MAX_COLUMNS = 8  # of a window (esnn_v6m.h)
BLOCK_STEPS = (2, 4)  # T of the neuron kernels for blocks
MAX_KEPT = (1 << 16) - 1  # places in lists of lines are uint16


@dataclass(frozen=True)
class Chain:
    """A layer's share of the chain kernels.

    Attributes:
        inputs: rows of weights.
        words: groups of up to 32 inputs that are looked at together: of a position, or of a line of them.
        channels: outputs.
        order: the time step at each place of the chain.
        narrow: whether the finish is done in 16 bits as well.
        nibbles: whether all weights lie in -8 .. 7, and are stored two to a byte.
    """

    inputs: int
    words: int
    channels: int
    order: tuple[int, ...]
    narrow: bool
    nibbles: bool

    @property
    def blocks(self) -> int:
        """Blocks of 16 outputs."""
        return -(-self.channels // BLOCK)

    @property
    def list_entries(self) -> int:
        """Longest list of the rows of one position."""
        return self.inputs * most_parts(len(self.order)) + 2 * len(self.order)

    @property
    def scratch(self) -> dict[str, int]:
        """Bytes of the scratch parts."""
        steps = len(self.order)
        parts = {
            "masks": 8 * steps * self.words,
            "list": 4 * self.list_entries,  # int32 (esnn_v6m.h); int16 elsewhere
            "totals": 8 * steps,
            "sums": 2 * steps * BLOCK,
        }
        if not self.narrow:
            parts["wide"] = 4 * steps * BLOCK
        return parts


@cache
def most_parts(steps: int) -> int:
    """The largest number of parts of the chain that one input can be listed in."""
    return max(parts(pattern, steps) for pattern in range(1 << steps))


def parts(pattern: int, steps: int) -> int:
    """Parts of the chain that an input is listed in; bit i of ``pattern``: it is active at place i.

    The longest run of ones that ends at the last place is one part (from two ones up a trunk), every other one
    is a part of its own.
    """
    run = 0
    while run < steps and pattern >> (steps - 1 - run) & 1:
        run += 1
    return bin(pattern).count("1") - max(run - 1, 0)


def default_order(steps: int) -> tuple[int, ...]:
    """Odd steps last: neurons driven evenly fire at every second step, or late."""
    return (*range(0, steps, 2), *range(1, steps, 2))


def block_neuron(model: IntegerModel, node: Neuron) -> bool:
    """Whether the neuron kernels for blocks run it: T = 2 or 4, reset to zero, a leak of 1/2."""
    return model.graph.timesteps in BLOCK_STEPS and node.reset == "zero" and node.leak_shifts == (1,)


def narrow_neuron(model: IntegerModel, node: Neuron) -> bool:
    """Whether it can be driven by 16-bit sums, with a threshold of 16 bits."""
    return block_neuron(model, node) and int(np.max(node.threshold)) <= INT16_MAX


def lane_neuron(model: IntegerModel, node: Neuron) -> bool:
    """Whether its membrane fits 16 bits as well, and so does its distance from the threshold (ternary: from both)."""
    membrane, threshold = model.accumulators[f"{node.name}.membrane"], int(np.max(node.threshold))
    low = membrane.low - threshold
    high = membrane.high + (threshold - 1 if node.polarity == "ternary" else 0)
    return narrow_neuron(model, node) and low >= -INT16_MAX - 1 and high <= INT16_MAX


def block_finish(model: IntegerModel, finish: Finish) -> bool:
    """Whether there is nothing behind the sums but a neuron that the block kernels run."""
    others = (finish.residual, finish.store, finish.pooled)
    return others == (None, None, None) and finish.neuron is not None and block_neuron(model, finish.neuron.node)


def narrow_finish(model: IntegerModel, finish: Finish) -> bool:
    """Whether everything behind the sums fits 16 bits."""
    if any(stream is not None and stream.wide for stream in (finish.residual, finish.store, finish.pooled)):
        return False
    if finish.neuron is None:
        return True
    node = finish.neuron.node
    return narrow_neuron(model, node) and model.edges[node.inputs[0]].bounds.bits <= 16


def plan_chain(
    model: IntegerModel,
    name: str,
    weight: np.ndarray,
    bias: np.ndarray,
    source: Spikes,
    finish: Finish,
    line: int = 1,
    lines: int = 1,
) -> Chain | None:
    """The chain of a layer, or None when its sums need 32 bits or its input is ternary.

    Args:
        weight: int8 [.., inputs of a position, channels].
        line: positions that are listed together.
        lines: such lists that are kept.
    """
    inputs = weight.size // weight.shape[-1]
    fits = model.accumulators[f"{name}.sum"].bits <= 16 and int(np.abs(bias).max(initial=0)) <= INT16_MAX
    listed = max(inputs, line * source.channels)
    kept = lines * line * source.channels * most_parts(source.timesteps)
    if source.ternary or not fits or listed > MAX_INPUTS or kept > MAX_KEPT or finish.steps != source.timesteps:
        return None
    words = max(line, lines) * -(-source.channels // 32)
    order = model.edges[source.edge].order or default_order(source.timesteps)
    nibbles = bool(weight.min() >= -8 and weight.max() <= 7)
    return Chain(inputs, words, weight.shape[-1], order, narrow_finish(model, finish), nibbles)
