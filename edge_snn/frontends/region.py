"""The operators of one neuron: collected from the file, and run on any input.

A region begins where a current is taken apart along time (SPLIT, UNPACK, or T slices) and ends where the
spikes are joined again (CONCATENATION, PACK). In between all is element-wise. With one time step there is
nothing to take apart: the region begins at the comparison with the threshold.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np

from edge_snn.frontends.elements import COMPARISONS, ELEMENTWISE, VIEWS, compute
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.walk import NO_ACTIVATION, Walk

JOINS = ("CONCATENATION", "PACK")


class Region:
    """One neuron's operators as a function of its current.

    Attributes:
        operators: in order, without those that take the current apart.
        pieces: tensor -> time step of the current.
        output: the tensor of the spikes of all steps.
        channels: of the current; 1 where the region does not tell channels apart.
    """

    def __init__(
        self,
        walk: Walk,
        operators: tuple[Operator, ...],
        pieces: Mapping[int, int],
        output: int,
        channels: int,
    ) -> None:
        self.walk = walk
        self.operators = operators
        self.pieces = pieces
        self.output = output
        self.timesteps = walk.timesteps
        per_channel = any(data.size > 1 for data in self._constants().values())
        self.channels = channels if per_channel else 1

    def _constants(self) -> dict[int, np.ndarray]:
        found: dict[int, np.ndarray] = {}
        for operator in self.operators:
            if operator.kind in VIEWS:
                continue
            for position, tensor in enumerate(operator.inputs):
                if self.walk.is_constant(tensor):
                    found[tensor] = self._reduced(operator, self.walk.constant(operator, position))
        return found

    def _reduced(self, operator: Operator, data: np.ndarray) -> np.ndarray:
        """A constant as one number, or one a channel; TensorFlow writes whole tensors of zeros or ones."""
        if data.size and np.all(data == data.reshape(-1)[0]):
            return data.reshape(-1)[0].reshape(())
        rows = data.reshape(-1, data.shape[-1])
        if not np.all(rows == rows[0]):
            raise self.walk.refusal(operator, "has a constant that varies over positions in a neuron")
        return rows[0]

    def run(self, current: np.ndarray) -> np.ndarray:
        """Spikes of a current, both float32 [T, anything, channels]."""
        values: dict[int, np.ndarray] = dict(self._constants())
        for tensor, step in self.pieces.items():
            values[tensor] = current[step]
        for operator in self.operators:
            if operator.kind in JOINS:
                joined = [np.broadcast_to(values[tensor], current.shape[1:]) for tensor in operator.inputs]
                values[operator.outputs[0]] = np.stack(joined)
            elif operator.kind in VIEWS:
                values[operator.outputs[0]] = values[operator.inputs[0]]
            else:
                inputs = [values[tensor] for tensor in operator.inputs]
                dtype = self.walk.file.tensors[operator.outputs[0]].dtype
                values[operator.outputs[0]] = compute(operator, inputs, dtype)
        return np.broadcast_to(values[self.output], current.shape).astype(np.float32)


def collect(walk: Walk, start: Operator, pieces: Mapping[int, int], channels: int) -> tuple[Region, set[int]]:
    """Collects the region that begins with ``pieces``; also the numbers of all operators it took.

    Raises:
        InputError: the pieces do not end as the spikes of a neuron.
    """
    inside: set[int] = set(pieces)
    members: list[Operator] = []
    ends: list[Operator] = []
    strange: list[Operator] = []
    queue = sorted({reader.index for tensor in pieces for reader in walk.readers[tensor]})
    seen: set[int] = set()
    while queue:
        index = heapq.heappop(queue)
        operator = walk.file.operators[index]
        live = [tensor for tensor in operator.inputs if not walk.is_constant(tensor)]
        if index in seen or not all(tensor in inside for tensor in live):
            continue
        seen.add(index)
        if walk.timesteps > 1 and operator.kind in JOINS:
            if _joins_time(walk, operator):
                ends.append(operator)
            continue
        if not _belongs(walk, operator, live, pieces):
            strange.append(operator)
            continue
        members.append(operator)
        for tensor in operator.outputs:
            inside.add(tensor)
            for reader in walk.readers[tensor]:
                heapq.heappush(queue, reader.index)
    taken = {member.index for member in members}
    if walk.timesteps == 1:
        outputs = _read_outside(walk, members, taken)
    else:
        outputs = [end.outputs[0] for end in ends if _is_read(walk, end.outputs[0])]
        members += [end for end in ends if end.outputs[0] in outputs]
        taken |= {end.index for end in ends}
    if not outputs and strange:
        raise walk.refusal(strange[0], "is no step of a spiking neuron this program knows")
    if len(outputs) != 1:
        told = "no value" if not outputs else "several values"
        raise walk.refusal(start, f"begins no spiking neuron: the steps behind it make {told} of all time steps")
    return Region(walk, _needed(members, outputs[0]), pieces, outputs[0], channels), taken


def _belongs(walk: Walk, operator: Operator, live: list[int], pieces: Mapping[int, int]) -> bool:
    if operator.kind not in ELEMENTWISE or len(operator.outputs) != 1:
        return False
    before, after = walk.shape(live[0]) if live else (), walk.shape(operator.outputs[0])
    if operator.kind in VIEWS:
        # Views may add or drop dimensions of 1; anything else could mix positions.
        return walk.timesteps > 1 and [dim for dim in before if dim > 1] == [dim for dim in after if dim > 1]
    if any(walk.shape(tensor) != after for tensor in live):
        return False  # broadcasts one computed value over another
    if walk.timesteps == 1:
        return operator.kind in COMPARISONS or not any(tensor in pieces for tensor in live)
    return True


def _joins_time(walk: Walk, operator: Operator) -> bool:
    """Joins T values, one behind the other in memory, along the axis that time was taken from."""
    if len(operator.inputs) != walk.timesteps or operator.options.get("activation", 0) != NO_ACTIVATION:
        return False
    shapes = {walk.shape(tensor) for tensor in operator.inputs}
    if len(shapes) != 1:
        return False
    shape = next(iter(shapes))
    axis = operator.options["axis"]
    axis += (len(shape) + (operator.kind == "PACK")) if axis < 0 else 0
    return 0 <= axis <= len(shape) and all(dim == 1 for dim in shape[:axis])


def _is_read(walk: Walk, tensor: int) -> bool:
    return bool(walk.readers[tensor]) or tensor == walk.file.output


def _read_outside(walk: Walk, members: list[Operator], taken: set[int]) -> list[int]:
    made = [tensor for member in members for tensor in member.outputs]
    return [
        tensor
        for tensor in made
        if tensor == walk.file.output or any(reader.index not in taken for reader in walk.readers[tensor])
    ]


def _needed(operators: list[Operator], output: int) -> tuple[Operator, ...]:
    """The operators that ``output`` depends on, in order (the file may compute a residue nobody reads)."""
    wanted = {output}
    kept: list[Operator] = []
    for operator in sorted(operators, key=lambda item: item.index, reverse=True):
        if any(tensor in wanted for tensor in operator.outputs):
            kept.append(operator)
            wanted.update(operator.inputs)
    return tuple(reversed(kept))
