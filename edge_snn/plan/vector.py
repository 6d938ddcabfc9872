"""Layers of binary spikes for cores with vector registers: what the vector kernels need (esnn_vector.h)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_snn.graph.conv import Conv2D, window_output
from edge_snn.plan.chain import BLOCK, Chain
from edge_snn.plan.steps import Finish, NeuronPart, Spikes, Stream, Window

TIMESTEPS = 4
HEAD = 16  # channels that a head of attention has room for
HEADS = (12, 16)  # widths of heads: each begins at a whole or half byte of a row, and ends in the byte behind
PARTS = 7  # of a chain of four places
POINTER_BYTES = 8  # at most
LINE_BYTES = 12288  # of lists, marks and sums of a line of a linear layer, whose width is ours to choose
MAX_LINES = 4
UNIT = 16  # bytes of weights that an entry of a list counts in
MAX_UNITS = 1 << 16


@dataclass(frozen=True)
class Vector:
    """A layer's share of the vector kernels.

    Attributes:
        kernel: (height, width) of the window.
        inputs: channels of a position.
        width: positions in a line of the input; a linear layer has lines of some positions.
        out_width: and of the output.
        channels: outputs.
        order: the time step at each place of the chain.
        marks: positions of a line from the first window's first to behind the last one's last.
        gathered: bytes of the spikes of a position that are gathered in scratch before they are pooled.
        windows: (first position, number of positions) of the pooling windows of a line.
    """

    kernel: tuple[int, int]
    inputs: int
    width: int
    out_width: int
    channels: int
    order: tuple[int, ...]
    marks: int
    gathered: int
    windows: tuple[tuple[int, int], ...] = ()

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
            "marks": self.kernel[0] * self.marks * PARTS * POINTER_BYTES,
            "sums": 2 * TIMESTEPS * self.row_bytes * self.out_width,
        }
        if self.gathered:
            parts["row"] = self.gathered * self.out_width
        return parts


def _fits(neuron: NeuronPart) -> bool:
    """Whether a neuron lives in 16 bits: comparisons are exact, so that only its membrane counts."""
    return neuron.narrow and neuron.held


def line_marks(node: Conv2D, width: int) -> int:
    """Positions of a line of ``width`` from the first window's first to behind the last window's last."""
    kernel, (_, left, _, right) = node.weight.shape[1], node.padding
    last = (width + left + right - kernel) // node.stride[1] * node.stride[1]
    return int(max(left + width + 1, last + kernel + 1))


def line_of(positions: int, inputs: int, row_bytes: int) -> int:
    """Positions of a linear layer that are run together: they share out all positions, and take little memory."""
    each = PARTS * (2 * inputs + POINTER_BYTES) + 2 * TIMESTEPS * row_bytes
    most = max(1, LINE_BYTES // each)
    return max(count for count in range(1, positions + 1) if positions % count == 0 and count <= most)


def pooling(finish: Finish) -> Window | None:
    """The windows that sums or spikes are pooled into."""
    return finish.pooled_window or (finish.neuron.window if finish.neuron is not None else None)


def windows(window: Window | None) -> tuple[tuple[int, int], ...]:
    """(first position, number of positions) of each window of a line."""
    if window is None:
        return ()
    inside = [
        [x for x, (first, count) in enumerate(window.columns) if first <= index < first + count]
        for index in range(window.out_width)
    ]
    return tuple((places[0], len(places)) if places else (0, 0) for places in inside)


def plan_vector(
    chain: Chain | None, source: Spikes, finish: Finish, width: int = 1, node: Conv2D | None = None
) -> Vector | None:
    """The vector form of a layer that has a chain, or None where the vector kernels do not reach.

    Args:
        width: positions in a line of the input of a convolution.
        node: the convolution, unless the layer is linear.
    """
    if chain is None or not chain.narrow or len(chain.order) != TIMESTEPS:
        return None
    neuron = finish.neuron
    if node is None:
        kernel, width = (1, 1), line_of(source.positions, source.channels, -(-chain.channels // BLOCK) * BLOCK)
        if pooling(finish) is not None:
            width = finish.width  # a line of windows
        out_width, marks = width, width + 1
    else:
        kernel, marks = (node.weight.shape[0], node.weight.shape[1]), line_marks(node, width)
        out_width = window_output(width, kernel[1], node.stride[1], node.padding[1], node.padding[3])
    gathered = neuron.output.position_stride if neuron is not None and neuron.window is not None else 0
    across = windows(pooling(finish))
    made = Vector(kernel, source.channels, width, out_width, chain.channels, chain.order, marks, gathered, across)
    units = width * source.channels * made.row_bytes // UNIT
    if kernel[0] > MAX_LINES or units > MAX_UNITS or any(count == 0 for _, count in made.windows):
        return None
    if neuron is not None and not _fits(neuron):
        return None
    residual = finish.residual
    if any(part is not None and part.steps != TIMESTEPS for part in (residual, finish.pooled)):
        return None
    if residual is not None and chain.channels % BLOCK != 0:
        return None  # what stands in lanes past the last channel of a stored current is not known
    return made


def vector_current(source: Stream, finish: Finish) -> bool:
    """Whether the vector kernels run what ends a stored current of all steps: a neuron, and nothing else."""
    neuron = finish.neuron
    return (
        finish.bare
        and neuron is not None
        and neuron.window is None
        and source.steps == TIMESTEPS
        and source.channels % BLOCK == 0
        and _fits(neuron)
    )
