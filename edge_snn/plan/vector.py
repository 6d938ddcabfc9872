"""Layers of binary spikes for cores with vector registers: what the vector kernels need (esnn_vector.h)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.graph.conv import Conv2D
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron
from edge_snn.plan.chain import BLOCK, Chain, narrow_neuron
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
        marks: positions of a line from the first window's first to behind the last one's last.
        pooled: whether spikes are gathered in scratch before they are pooled.
    """

    kernel: tuple[int, int]
    inputs: int
    width: int
    channels: int
    order: tuple[int, ...]
    marks: int
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
            "marks": (self.kernel[0] + 1) * self.marks * MARK_BYTES,
            "sums": 2 * TIMESTEPS * self.row_bytes,
        }
        if self.pooled:
            parts["row"] = TIMESTEPS * self.blocks * 2
        return parts


def _fits(model: IntegerModel, node: Neuron) -> bool:
    """Whether a neuron lives in 16 bits: comparisons are exact, so that only its membrane counts."""
    return narrow_neuron(model, node) and model.accumulators[f"{node.name}.membrane"].bits <= 16


def line_marks(node: Conv2D, width: int) -> int:
    """Positions of a line of ``width`` from the first window's first to behind the last window's last."""
    kernel, (_, left, _, right) = node.weight.shape[1], node.padding
    last = (width + left + right - kernel) // node.stride[1] * node.stride[1]
    return int(max(left + width + 1, last + kernel + 1))


def plan_vector(
    model: IntegerModel, chain: Chain | None, source: Spikes, finish: Finish, width: int = 1, node: Conv2D | None = None
) -> Vector | None:
    """The vector form of a layer that has a chain, or None where the vector kernels do not reach.

    Args:
        width: positions in a line of the input; a linear layer has lines of one.
        node: the convolution, unless the layer is linear.
    """
    if chain is None or not chain.narrow or len(chain.order) != TIMESTEPS:
        return None
    neuron = finish.neuron
    kernel, marks = (1, 1), width + 1
    if node is not None:
        kernel = (node.weight.shape[0], node.weight.shape[1])
        marks = line_marks(node, width)
    pooled = neuron is not None and neuron.window is not None
    made = Vector(kernel, source.channels, width, chain.channels, chain.order, marks, pooled)
    units = width * source.channels * made.row_bytes // UNIT
    if kernel[0] > MAX_LINES or units > MAX_UNITS or (neuron is not None and not _fits(model, neuron.node)):
        return None
    if finish.pooled is not None and finish.pooled.steps != TIMESTEPS:
        return None
    residual = finish.residual
    if residual is not None and (residual.steps != TIMESTEPS or chain.channels % BLOCK != 0):
        return None  # what stands in lanes past the last channel of a stored current is not known
    return made
