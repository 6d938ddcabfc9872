"""Layers of binary spikes for cores with vector registers: what the vector kernels need (esnn_vector.h)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.graph.model import IntegerModel
from edge_snn.plan.chain import BLOCK, Chain, lane_neuron
from edge_snn.plan.steps import Finish, Spikes

TIMESTEPS = 4
HEAD = 16  # channels of a head of attention
PARTS = 7  # of a chain of four places
MARK_BYTES = 64  # of one position: 8 pointers, of 8 bytes at most
MAX_LINES = 4
UNIT = 16  # bytes of weights that an entry of a list counts in
MAX_UNITS = 1 << 16


@dataclass(frozen=True)
class Vector:
    """A layer's share of the vector kernels.

    Attributes:
        kernel: (height, width) of the window.
        inputs: channels of a position.
        width: positions in a line of the input.
        channels: outputs.
        order: the time step at each place of the chain.
        pooled: whether spikes are gathered in scratch before they are pooled.
    """

    kernel: tuple[int, int]
    inputs: int
    width: int
    channels: int
    order: tuple[int, ...]
    pooled: bool

    @property
    def blocks(self) -> int:
        """Blocks of 16 outputs."""
        return -(-self.channels // BLOCK)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of weights."""
        return self.blocks * BLOCK

    @property
    def list_bytes(self) -> int:
        """Bytes of the list of one part of one line."""
        return 2 * self.width * self.inputs

    @property
    def scratch(self) -> dict[str, int]:
        """Bytes of the scratch parts."""
        parts = {
            "lists": self.kernel[0] * PARTS * self.list_bytes,
            "marks": self.kernel[0] * (self.width + 1) * MARK_BYTES,
            "sums": 2 * TIMESTEPS * self.row_bytes,
        }
        if self.pooled:
            parts["row"] = TIMESTEPS * self.blocks * 2
        return parts


def plan_vector(
    model: IntegerModel, chain: Chain | None, source: Spikes, width: int, kernel: tuple[int, int], finish: Finish
) -> Vector | None:
    """The vector form of a layer that has a chain, or None where the vector kernels do not reach.

    Args:
        width: positions in a line of the input.
        kernel: (height, width) of the window.
    """
    if chain is None or not chain.narrow or len(chain.order) != TIMESTEPS:
        return None
    neuron = finish.neuron
    pooled = neuron is not None and neuron.window is not None
    made = Vector(kernel, source.channels, width, chain.channels, chain.order, pooled)
    units = width * source.channels * made.row_bytes // UNIT
    if kernel[0] > MAX_LINES or units > MAX_UNITS or (neuron is not None and not lane_neuron(model, neuron.node)):
        return None
    if finish.residual is not None and finish.residual.steps != TIMESTEPS:
        return None
    return made
