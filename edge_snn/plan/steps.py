"""The steps a model is lowered to: what each reads, makes and needs, without addresses.

A step is a producer of sums (a layer), and a :class:`Finish`: what happens to the sums of one position
before the next one is computed. Storages are named; :class:`edge_snn.plan.plan.Plan` knows where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edge_snn.graph.neuron import Neuron


@dataclass(frozen=True)
class Stored:
    """An edge that is stored in the arena, position by position.

    Attributes:
        storage: name of its buffer.
        edge: the edge it holds.
        positions, channels: of the edge.
    """

    storage: str
    edge: str
    positions: int
    channels: int

    @property
    def position_stride(self) -> int:
        """Bytes from one position to the next."""
        raise NotImplementedError(type(self).__name__)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of channels as it lies in the arena."""
        raise NotImplementedError(type(self).__name__)

    @property
    def size(self) -> int:
        return self.positions * self.position_stride

    @property
    def about(self) -> str:
        """What it holds, for people."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Stream(Stored):
    """A stored current, [position][step][channel].

    Attributes:
        steps: T, or 1 for a static edge.
        wide: int32 instead of int16.
    """

    steps: int
    wide: bool

    @property
    def item(self) -> int:
        """Bytes of one number."""
        return 4 if self.wide else 2

    @property
    def row_bytes(self) -> int:
        """Bytes of one step, with room for whole blocks of 16 channels."""
        return -(-self.channels // 16) * 16 * self.item

    @property
    def step_stride(self) -> int:
        return self.row_bytes if self.steps > 1 else 0

    @property
    def position_stride(self) -> int:
        return self.row_bytes * self.steps

    @property
    def about(self) -> str:
        return f"current, int{8 * self.item}"


@dataclass(frozen=True)
class Spikes(Stored):
    """Bit-packed spikes, [position][step][byte]; ternary: a row of +1 and a row of -1 per step."""

    timesteps: int
    ternary: bool

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of channels, with room for whole blocks of 16."""
        return -(-self.channels // 16) * 2

    @property
    def step_stride(self) -> int:
        return self.row_bytes * (2 if self.ternary else 1)

    @property
    def position_stride(self) -> int:
        return self.step_stride * self.timesteps

    @property
    def about(self) -> str:
        return "spikes, bits"


@dataclass(frozen=True)
class Window:
    """Scatter into pooling windows: for each y (x), the first window that contains it and their number.

    Attributes:
        rows, columns: (first window, number of windows) by y and by x.
        out_width: windows in a row.
    """

    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]
    out_width: int


@dataclass(frozen=True)
class NeuronPart:
    """A neuron behind a layer.

    Attributes:
        node: the graph's neuron.
        output: where its spikes (pooled, if there is a window) go.
        counter: index of its first spike counter.
        window: what its spikes are pooled into, or None.
        blocks: the neuron kernels for blocks run it: T = 2 or 4, reset to zero, a leak of 1/2.
        narrow: so they do, with a threshold of 16 bits.
        driven: its current fits 16 bits.
        held: its membrane fits 16 bits.
        lanes: narrow, and its membrane's distance from the threshold (ternary: from both) fits 16 bits as well.
    """

    node: Neuron
    output: Spikes
    counter: int
    window: Window | None
    blocks: bool
    narrow: bool
    driven: bool
    held: bool
    lanes: bool


@dataclass(frozen=True)
class Finish:
    """What happens to the sums of one position, in this order; see esnn_finish.h."""

    steps: int
    width: int
    residual: Stream | None = None
    store: Stream | None = None
    pooled: Stream | None = None
    pooled_window: Window | None = None
    neuron: NeuronPart | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.residual.storage,) if self.residual else ()

    @property
    def bare(self) -> bool:
        """Whether there is nothing behind the sums but a neuron, if anything."""
        return (self.residual, self.store, self.pooled) == (None, None, None)

    @property
    def blocks(self) -> bool:
        """Whether there is nothing behind the sums but a neuron that the block kernels run."""
        return self.bare and self.neuron is not None and self.neuron.blocks

    @property
    def narrow(self) -> bool:
        """Whether everything behind the sums fits 16 bits."""
        if any(stream is not None and stream.wide for stream in (self.residual, self.store, self.pooled)):
            return False
        return self.neuron is None or (self.neuron.narrow and self.neuron.driven)

    @property
    def writes(self) -> tuple[Stream | Spikes, ...]:
        made: list[Stream | Spikes] = [item for item in (self.store, self.pooled) if item is not None]
        if self.neuron is not None:
            made.append(self.neuron.output)
        return tuple(made)


@dataclass(frozen=True)
class Step:
    """Base of all steps.

    Attributes:
        name: of the node whose sums it makes.
    """

    kind: ClassVar[str] = ""
    name: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Storages it reads."""
        raise NotImplementedError(self.kind)

    @property
    def writes(self) -> tuple[Stored, ...]:
        """What it stores."""
        return ()

    @property
    def scratch(self) -> dict[str, int]:
        """Bytes it needs while it runs, by part."""
        return {}

    @property
    def inside(self) -> dict[str, tuple[str, int]]:
        """Parts that lie in another part of its scratch: the name of that, and bytes from its beginning."""
        return {}

    @property
    def neurons(self) -> tuple[str, ...]:
        """Names of the neuron layers it counts."""
        return ()

    @property
    def fused(self) -> tuple[str, ...]:
        """Names of other layers with weights that it computes."""
        return ()


@dataclass(frozen=True)
class FinishedStep(Step):
    """A step that ends in a :class:`Finish`."""

    finish: Finish

    @property
    def writes(self) -> tuple[Stored, ...]:
        return self.finish.writes

    @property
    def neurons(self) -> tuple[str, ...]:
        return (self.finish.neuron.node.name,) if self.finish.neuron else ()


def padded(channels: int) -> int:
    """Outputs of a weight row with its padding: a multiple of 8 (esnn_rows.h)."""
    return -(-channels // 8) * 8
