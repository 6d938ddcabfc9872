"""What the families share while a model is printed: offsets, proved bounds, declarations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_snn.plan import Plan, scratch_name
from edge_snn.plan.chain import BLOCK
from edge_snn.plan.steps import Spikes, padded
from firmware_gen.emit import Struct, Value, array, bit_rows, words

INT16_MAX = int(np.iinfo(np.int16).max)
LANES = (0, 2, 1, 3)  # outputs of the bytes of a word, from the lowest up (esnn_chain.h)


def block_words(weight: np.ndarray) -> np.ndarray:
    """int8 weights [.., cout] as uint32 [blocks, inputs, 4]."""
    cout = weight.shape[-1]
    room = np.zeros((weight.size // cout, -(-cout // BLOCK) * BLOCK), np.int8)
    room[:, :cout] = weight.reshape(-1, cout)
    lanes = room.reshape(room.shape[0], -1, BLOCK // 4, 4)[..., list(LANES)]
    return np.ascontiguousarray(lanes.transpose(1, 0, 2, 3)).view("<u4")[..., 0]


def nibble_words(weight: np.ndarray) -> np.ndarray:
    """int8 weights [.., cout] in -8 .. 7 as uint32 [blocks, inputs, 2] of nibbles biased by 8 (esnn_chain.h)."""
    biased = block_words(weight).view(np.uint8).reshape(-1, weight.size // weight.shape[-1], 2, 2, 4) + np.uint8(8)
    return np.ascontiguousarray(biased[..., 0, :] | biased[..., 1, :] << 4).view("<u4")[..., 0]


def padded_to_blocks(values: np.ndarray, fill: int = 0) -> np.ndarray:
    """int16 numbers, filled up to whole blocks of 16."""
    full = np.full(-(-values.size // BLOCK) * BLOCK, fill, np.int16)
    full[: values.size] = values.reshape(-1)
    return full


@dataclass
class Context:
    """A plan on its way to C.

    Attributes:
        declarations: C text that comes before the call sequence, in order.
        calls: one line of C per step.
    """

    plan: Plan
    declarations: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def offset(self, storage: str) -> int:
        """Byte offset of a storage in the arena."""
        return self.plan.offset(storage)

    def scratch(self, index: int, part: str) -> int:
        """Byte offset of a scratch part of step ``index``."""
        host, start = self.plan.steps[index].inside.get(part, (part, 0))
        return self.plan.offset(scratch_name(index, host)) + start

    def bounds(self, node: str) -> str:
        """The proved bounds of a node's quantities, for the comment beside its arrays."""
        inside = [
            f"{key.rpartition('.')[2]} {item.low}..{item.high}"
            for key, item in self.plan.proved.items()
            if key.rpartition(".")[0] == node
        ]
        return "proved: " + ", ".join(inside) if inside else "no sums"

    def declare(self, text: str) -> None:
        self.declarations.append(text)

    def call(self, kernel: str, kind: str, name: str, fields: Struct, result: str = "counts") -> None:
        """Declares the constant ``name`` of a step, and calls the kernel on it."""
        self.declare(f"static const {kind} {name} = {fields.render()};\n")
        self.calls.append(f"{kernel}(&{name}, arena, result->{result})")

    def general(self, name: str, weight: np.ndarray, bias: np.ndarray, about: list[str], note: str) -> dict[str, Value]:
        """Declares weights and 32-bit biases for the general kernels; returns what their structs say of them."""
        channels = weight.shape[-1]
        units = self.weights(f"{name}_weights", weight, about)
        self.numbers(f"{name}_bias", bias, [note], padded(channels))
        return {
            "weights": f"{name}_weights",
            "bias": f"{name}_bias",
            "bit_rows": bit_rows(units),
            "padded": f"{padded(channels)}u",
        }

    def weights(self, name: str, weight: np.ndarray, about: list[str]) -> int:
        """Declares rows [.., cout] padded to a multiple of 8; returns the units of 8 bytes of a row."""
        cout = weight.shape[-1]
        rows = np.zeros((weight.size // cout, padded(cout)), np.int8)
        rows[:, :cout] = weight.reshape(-1, cout)
        self.declare(array(name, rows, about))
        return padded(cout) // 8

    def blocks(self, name: str, weight: np.ndarray, about: list[str], nibbles: bool) -> None:
        """Declares weights [.., cout] for the chain kernels: [blocks][inputs][4] words, or [2] (esnn_chain.h)."""
        if nibbles:
            self.declare(words(name, nibble_words(weight), about, "N", "ESNN_NIBBLE_WORDS"))
        else:
            self.declare(words(name, block_words(weight), about))

    def narrow(self, name: str, values: np.ndarray, about: list[str], fill: int = 0) -> None:
        """Declares int16 numbers, filled up to whole blocks of 16."""
        self.declare(array(name, padded_to_blocks(values, fill), about, per_line=12))

    def numbers(self, name: str, values: np.ndarray, about: list[str], room: int | None = None) -> None:
        """Declares int32 numbers, padded with zeros to ``room``."""
        full = np.zeros(max(room or 0, values.size), np.int32)
        full[: values.size] = values.reshape(-1)
        self.declare(array(name, full, about, per_line=12))


def rows_of(context: Context, index: int, source: Spikes | None) -> dict[str, Value]:
    """Where the general kernels find the spikes of a step (None: pixels), list their rows, and sum them."""
    return {
        "step_stride": f"{source.step_stride if source else 0}u",
        "row_bytes": f"{source.row_bytes if source else 0}u",
        "ternary": int(source is not None and source.ternary),
        "scratch_rows": f"{context.scratch(index, 'rows')}u",
        "scratch_acc": f"{context.scratch(index, 'sums')}u",
    }
