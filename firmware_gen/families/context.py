"""What the families share while a model is printed: offsets, proved bounds, declarations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_snn.graph.model import IntegerModel
from edge_snn.plan import Plan, scratch_name
from edge_snn.plan.steps import padded
from firmware_gen.emit import array


@dataclass
class Context:
    """A model on its way to C.

    Attributes:
        declarations: C text that comes before the call sequence, in order.
        calls: one line of C per step.
    """

    model: IntegerModel
    plan: Plan
    declarations: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def offset(self, storage: str) -> int:
        """Byte offset of a storage in the arena."""
        return self.plan.offset(storage)

    def scratch(self, index: int, part: str) -> int:
        """Byte offset of a scratch part of step ``index``."""
        return self.plan.offset(scratch_name(index, part))

    def bounds(self, node: str) -> str:
        """The proved bounds of a node's quantities, for the comment beside its arrays."""
        inside = [
            f"{key.rpartition('.')[2]} {item.low}..{item.high}"
            for key, item in self.model.accumulators.items()
            if key.rpartition(".")[0] == node
        ]
        return "proved: " + ", ".join(inside) if inside else "no sums"

    def declare(self, text: str) -> None:
        self.declarations.append(text)

    def weights(self, name: str, weight: np.ndarray, about: list[str]) -> int:
        """Declares rows [.., cout] padded to a multiple of 8; returns the units of 8 bytes of a row."""
        cout = weight.shape[-1]
        rows = np.zeros((weight.size // cout, padded(cout)), np.int8)
        rows[:, :cout] = weight.reshape(-1, cout)
        self.declare(array(name, rows, about))
        return padded(cout) // 8

    def numbers(self, name: str, values: np.ndarray, about: list[str], room: int | None = None) -> None:
        """Declares int32 numbers, padded with zeros to ``room``."""
        full = np.zeros(max(room or 0, values.size), np.int32)
        full[: values.size] = values.reshape(-1)
        self.declare(array(name, full, about, per_line=12))
