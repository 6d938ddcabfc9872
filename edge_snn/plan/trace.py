"""The tensors that the steps leave in the arena, and their bytes in canonical order (docs/trace.md).

Device and host take CRCs of the same bytes: rows [position][time step], of ternary spikes a row of +1 and one of
-1 a step, without what fills a row up in the arena. Spikes: channel c at bit ``c & 7`` of byte ``c >> 3``. Currents:
int16 or int32, little endian, as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.plan.graded import Graded
from edge_snn.plan.plan import Plan
from edge_snn.plan.steps import Spikes, Stored, Stream


@dataclass(frozen=True)
class TraceTensor:
    """One output of a step.

    Attributes:
        index: in the order in which the tensors are made.
        step: index of the step that makes it.
        step_name: of the node whose sums the step makes.
        stored: what lies in the arena, and how.
    """

    index: int
    step: int
    step_name: str
    stored: Stored

    @property
    def edge(self) -> str:
        """The edge of the graph it holds."""
        return self.stored.edge

    @property
    def kind(self) -> str:
        """ "spikes", "ternary", "current" or "graded"."""
        if isinstance(self.stored, Graded):
            return "graded"
        if isinstance(self.stored, Stream):
            return "current"
        return "ternary" if isinstance(self.stored, Spikes) and self.stored.ternary else "spikes"

    @property
    def timesteps(self) -> int:
        """Steps that are stored: T, or 1 for a current that is the same at every step."""
        if isinstance(self.stored, Spikes):
            return self.stored.timesteps
        return self.stored.steps if isinstance(self.stored, Stream) else 1

    @property
    def rows(self) -> int:
        """Rows of channels."""
        return self.stored.positions * self.timesteps * (2 if self.kind == "ternary" else 1)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in canonical order."""
        if isinstance(self.stored, Spikes):
            return -(-self.stored.channels // 8)
        return self.stored.channels * (self.stored.item if isinstance(self.stored, Stream) else 1)

    @property
    def size(self) -> int:
        """Bytes in canonical order."""
        return self.rows * self.row_bytes

    @property
    def last_bits(self) -> int:
        """Mask of the bits of a row's last byte that hold channels."""
        over = self.stored.channels % 8
        return (1 << over) - 1 if isinstance(self.stored, Spikes) and over else 0xFF

    def encode(self, values: np.ndarray) -> bytes:
        """Canonical bytes of one image's edge.

        Args:
            values: integers [T or 1, H, W, C], as the reference makes them.
        """
        stored = self.stored
        flat = values.reshape(len(values), stored.positions, stored.channels).transpose(1, 0, 2)
        if len(values) != self.timesteps:
            raise ValueError(f"{self.edge}: {len(values)} time steps, {self.timesteps} are stored")
        if isinstance(stored, Stream):
            return flat.astype("<i4" if stored.wide else "<i2").tobytes()
        if not isinstance(stored, Spikes):
            return flat.astype(np.uint8).tobytes()
        planes = [flat > 0, flat < 0] if stored.ternary else [flat > 0]
        return np.packbits(np.stack(planes, axis=2), axis=-1, bitorder="little").tobytes()

    def decode(self, data: bytes) -> np.ndarray:
        """Values int64 [positions, T or 1, C] of canonical bytes; ValueError if they are not :attr:`size` many."""
        stored = self.stored
        if len(data) != self.size:
            raise ValueError(f"{self.edge}: {self.size} bytes, not {len(data)}")
        shape = (stored.positions, self.timesteps)
        if isinstance(stored, Stream):
            return (
                np.frombuffer(data, "<i4" if stored.wide else "<i2").reshape(*shape, stored.channels).astype(np.int64)
            )
        if not isinstance(stored, Spikes):
            return np.frombuffer(data, np.uint8).reshape(*shape, stored.channels).astype(np.int64)
        rows = np.frombuffer(data, np.uint8).reshape(*shape, 2 if stored.ternary else 1, self.row_bytes)
        bits = np.unpackbits(rows, axis=-1, count=stored.channels, bitorder="little").astype(np.int64)
        return bits[:, :, 0] - bits[:, :, 1] if stored.ternary else bits[:, :, 0]


def trace_tensors(plan: Plan) -> tuple[TraceTensor, ...]:
    """Every output of every step, in the order in which they are made; the logits are not among them."""
    made = [(index, step, stored) for index, step in enumerate(plan.steps) for stored in step.writes]
    return tuple(TraceTensor(number, index, step.name, stored) for number, (index, step, stored) in enumerate(made))
