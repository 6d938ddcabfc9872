"""The plan of a model: its steps in order, and where everything lies in the arena."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_snn.errors import InputError
from edge_snn.graph.facts import Bounds
from edge_snn.graph.graph import INPUT
from edge_snn.graph.model import IntegerModel
from edge_snn.passes.retime import retime
from edge_snn.plan import memory
from edge_snn.plan.lower import Lowering, counter_index
from edge_snn.plan.memory import Buffer
from edge_snn.plan.steps import FinishedStep, NeuronPart, Step


@dataclass(frozen=True)
class EarlyRun:
    """A run of fewer steps that comes first, in the same arena, step by step the same; it leaves the image alone.

    Attributes:
        plan: of that run.
        margin: by how much the best of its logits must lead the second, or the whole run follows.
    """

    plan: Plan
    margin: int


@dataclass(frozen=True)
class Plan:
    """A model, finished: all that the code generator needs, and nothing that it would have to decide.

    Attributes:
        name, sha256: of the model; its identity (docs/esnn.md).
        timesteps: T.
        classes: names of the logits.
        image_bytes: uint8, one image.
        proved: bounds of quantities inside the nodes, see :class:`edge_snn.graph.model.IntegerModel`.
        steps: in order of execution; each is timed.
        buffers: packed, by offset.
        counters: number of spike counters.
        vectors: for a core with vector registers (Helium).
        early: the shorter run that comes first, or None.
    """

    name: str
    sha256: str
    timesteps: int
    classes: tuple[str, ...]
    image_bytes: int
    proved: Mapping[str, Bounds]
    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    counters: int
    vectors: bool = False
    early: EarlyRun | None = None

    def __post_init__(self) -> None:
        memory.check(self.buffers)

    @property
    def arena_bytes(self) -> int:
        return max(memory.arena_bytes(self.buffers), self.early.plan.arena_bytes if self.early else 0)

    @property
    def neurons(self) -> tuple[NeuronPart, ...]:
        """The layers whose spikes are counted, in the order of their counters."""
        found = [step.finish.neuron for step in self.steps if isinstance(step, FinishedStep)]
        return tuple(sorted((part for part in found if part is not None), key=lambda part: part.counter))

    @property
    def image_offset(self) -> int:
        """Byte offset of the image in the arena."""
        return self.offset(INPUT)

    def offset(self, storage: str) -> int:
        """Byte offset of a storage, or of a scratch part named ``scratch_name(step, part)``."""
        for buffer in self.buffers:
            if buffer.name == storage:
                return buffer.offset
        raise KeyError(storage)

    def table(self) -> list[dict[str, Any]]:
        """The memory plan as rows for printing, by offset."""
        rows = sorted(self.buffers, key=lambda buffer: (buffer.offset, buffer.first))
        return [
            {
                "buffer": row.name,
                "kind": row.kind,
                "offset": row.offset,
                "bytes": row.size,
                "first_step": row.first,
                "last_step": row.last,
            }
            for row in rows
        ]


def scratch_name(index: int, part: str) -> str:
    """Name of a scratch buffer of step ``index``."""
    return f"step {index} {part}"


def build_plan(model: IntegerModel, vectors: bool = False, armv6m: bool = False, flash: int | None = None) -> Plan:
    """Lowers the model and packs its memory.

    Args:
        vectors: for a core with vector registers (Helium).
        armv6m: for a core like the M0: what its instructions cost decides how codes are cut into digits, and nothing
            else; any core runs any plan without vectors.
        flash: bytes that there are; a part of them may go into code that is faster than data.

    Raises:
        InputError: a node that the kernels cannot run; names it.
    """
    whole = _plan(model, vectors, armv6m, flash, counter_index(model))
    if model.early is None:
        return whole
    image = next(buffer for buffer in whole.buffers if buffer.name == INPUT)
    early = _plan(retime(model, model.early.timesteps), vectors, armv6m, flash, counter_index(model), image)
    if [step.name for step in early.steps] != [step.name for step in whole.steps]:
        raise InputError(f"its run of {model.early.timesteps} time steps has other layers", where=model.name)
    return replace(whole, early=EarlyRun(early, model.early.margin))


def _plan(
    model: IntegerModel,
    vectors: bool,
    armv6m: bool,
    flash: int | None,
    counters: Mapping[str, int],
    kept: Buffer | None = None,
) -> Plan:
    """A plan; with ``kept``, the image stays where that buffer is, whatever else happens."""
    steps = Lowering(model, vectors, armv6m, flash, counters).run()
    image = model.graph.image
    first: dict[str, int] = {INPUT: 0}
    last: dict[str, int] = {INPUT: 0}
    size: dict[str, int] = {INPUT: image.size}
    kind: dict[str, str] = {INPUT: "image, uint8"}
    for index, step in enumerate(steps):
        for storage in step.reads:
            last[storage] = index
        for made in step.writes:
            first.setdefault(made.storage, index)
            last[made.storage] = index
            size[made.storage] = max(size.get(made.storage, 0), made.size)
            kind[made.storage] = made.about
    buffers = [Buffer(name, kind[name], size[name], first[name], last[name]) for name in size]
    for index, step in enumerate(steps):
        for part, need in step.scratch.items():
            buffers.append(Buffer(scratch_name(index, part), "scratch", need, index, index))
    total = sum(layer.counters for layer in model.graph.counted)
    if kept is not None:
        others = memory.pack(buffer for buffer in buffers if buffer.name != INPUT)
        shift = 0 if memory.arena_bytes(others) <= kept.offset else kept.offset + kept.size
        moved = [replace(buffer, offset=buffer.offset + shift) for buffer in others]
        buffers = [replace(kept, first=0, last=len(steps) - 1), *moved]
    else:
        buffers = list(memory.pack(buffers))
    packed = sorted(buffers, key=lambda buffer: buffer.offset)
    return Plan(
        name=model.name,
        sha256=model.sha256,
        timesteps=model.graph.timesteps,
        classes=model.classes,
        image_bytes=image.size,
        proved=model.accumulators,
        steps=steps,
        buffers=tuple(packed),
        counters=total,
        vectors=vectors,
    )
