"""Recognises spiking neurons by what they compute.

A neuron is a region of element-wise operators between the SPLIT of a current along time and the
CONCATENATION of its spikes. The region is run as a black box: bisection over float32 finds the smallest
input that fires, which is the threshold whatever the algebra; the residue after a silent and after a
firing step gives leak and reset. The closed form found is then checked against the region on many values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends.tflite_file import Operator, TfliteFile
from edge_snn.graph.neuron import Neuron
from edge_snn.reference.neuron import run_neuron

PROBES = 256
LEAKS: dict[tuple[int, ...], float] = {
    shifts: sum(2.0**-shift for shift in shifts)
    for shifts in [(0,), ()] + [(a,) for a in range(1, 8)] + [(a, b) for a in range(1, 8) for b in range(a + 1, 8)]
}

BINARY: dict[str, Any] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MINIMUM": np.minimum,
    "MAXIMUM": np.maximum,
    "GREATER_EQUAL": np.greater_equal,
    "GREATER": np.greater,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
}
UNARY: dict[str, Any] = {
    "ABS": np.abs,
    "NEG": np.negative,
    "SIGN": np.sign,
    "SQUARE": np.square,
    "LOGICAL_NOT": np.logical_not,
    "ZEROS_LIKE": np.zeros_like,
}
ELEMENTWISE = {*BINARY, *UNARY, "CAST", "SELECT", "SELECT_V2", "RESHAPE"}
COMPARISONS = {"GREATER_EQUAL", "GREATER", "LESS", "LESS_EQUAL"}


class Region:
    """The operators of one neuron, and how to run them on other inputs.

    Attributes:
        operators: in order; the last one makes the spikes.
        source: tensor of the current.
    """

    def __init__(self, file: TfliteFile, operators: Sequence[Operator], source: int, timesteps: int) -> None:
        self.file = file
        self.operators = tuple(operators)
        self.source = source
        self.timesteps = timesteps

    @property
    def output(self) -> int:
        return self.operators[-1].outputs[0]

    def run(self, current: np.ndarray) -> np.ndarray:
        """Spikes of a current, float32 [T, positions, C] each: the region is element-wise but for channels."""
        values: dict[int, np.ndarray] = {self.source: current.astype(np.float32)}
        for operator in self.operators:
            if operator.kind in ("SPLIT", "UNPACK"):
                for index, tensor in enumerate(operator.outputs):
                    values[tensor] = current[index].astype(np.float32)
                continue
            inputs = [self._value(tensor, values) for tensor in operator.inputs]
            if operator.kind in ("CONCATENATION", "PACK"):
                made = np.stack(inputs)
            elif operator.kind in BINARY:
                made = BINARY[operator.kind](inputs[0], inputs[1])
            elif operator.kind in UNARY:
                made = UNARY[operator.kind](inputs[0])
            elif operator.kind == "CAST":
                made = inputs[0].astype(self.file.tensors[operator.outputs[0]].dtype)
            elif operator.kind == "RESHAPE":
                made = inputs[0]
            else:
                made = np.where(inputs[0], inputs[1], inputs[2])
            values[operator.outputs[0]] = made
        result = values[self.output]
        return result.astype(np.float32).reshape(current.shape)

    def _value(self, tensor: int, values: dict[int, np.ndarray]) -> np.ndarray:
        if tensor in values:
            return values[tensor]
        data = self.file.tensors[tensor].data
        if data is None:
            raise InputError("a neuron mixes in something else", where=f"{self.file.path}: tensor {tensor}")
        if data.ndim > 1:
            rows = data.reshape(-1, data.shape[-1])
            if (rows != rows[0]).any():
                raise InputError("a neuron differs between positions", where=f"{self.file.path}: tensor {tensor}")
            return rows[0]
        return data


def grow(file: TfliteFile, start: Operator, source: int, timesteps: int) -> Region | None:
    """Collects the element-wise operators behind ``start`` up to the CONCATENATION of its spikes."""
    inside: set[int] = set(start.outputs)
    members = [start]
    if start.kind not in ("SPLIT", "UNPACK"):
        inside.add(source)
    for operator in file.operators[start.index + 1 :]:
        live = [tensor for tensor in operator.inputs if file.tensors[tensor].data is None]
        if not live or not all(tensor in inside for tensor in live):
            continue
        if operator.kind in ("CONCATENATION", "PACK"):
            if operator.options.get("axis", 0) != 0 or len(operator.inputs) != timesteps:
                continue
            used = _needed([*members, operator])
            return Region(file, used, source, timesteps)
        outside = operator.kind not in ELEMENTWISE or (timesteps == 1 and live == [source])
        if outside and not (timesteps == 1 and operator.kind in COMPARISONS):
            continue
        members.append(operator)
        inside.update(operator.outputs)
    if timesteps > 1:
        return None
    # One step: there is nothing to concatenate; the last value made inside is the spike.
    return Region(file, _needed(members), source, timesteps)


def _needed(operators: list[Operator]) -> list[Operator]:
    """The operators that the last one depends on, in order (the file may compute a residue nobody reads)."""
    wanted = set(operators[-1].inputs)
    kept = [operators[-1]]
    for operator in reversed(operators[:-1]):
        if any(tensor in wanted for tensor in operator.outputs):
            kept.append(operator)
            wanted.update(operator.inputs)
    return kept[::-1]


def _first_firing(region: Region, step: int, history: np.ndarray, where: str) -> np.ndarray:
    """Smallest positive float32 input at ``step``, per channel, that fires after ``history`` [step, C].

    Positive floats are ordered like their bit patterns, so 31 bisections find it exactly.
    """
    channels = history.shape[1]
    low = np.zeros(channels, np.int64)
    high = np.full(channels, int(np.float32(1e30).view(np.int32)), np.int64)

    def fires(bits: np.ndarray) -> np.ndarray:
        current = np.zeros((region.timesteps, 1, channels), np.float32)
        current[:step, 0] = history
        current[step, 0] = bits.astype(np.int32).view(np.float32)
        return region.run(current)[step, 0] > 0.5

    if not fires(high).all() or fires(low).any():
        raise InputError(f"step {step} of the neuron has no positive threshold", where=where)
    for _ in range(32):
        middle = (low + high) // 2
        fired = fires(middle)
        high = np.where(fired, middle, high)
        low = np.where(fired, low, middle)
    return high.astype(np.int32).view(np.float32)


def recognise(region: Region, name: str, edge: str, channels: int, where: str) -> Neuron:
    """Returns the neuron that the region computes.

    Raises:
        InputError: it is none of the neurons this project knows, or differs between time steps.
    """
    quiet = np.zeros((region.timesteps, channels), np.float32)
    theta = _first_firing(region, 0, quiet[:0], where)
    for step in range(1, region.timesteps):
        again = _first_firing(region, step, quiet[:step], where)
        if not np.array_equal(again, theta):
            index = int(np.argmax(again != theta))
            raise InputError(
                f"the threshold of step {step} is {again[index]:.6g}, that of step 0 is {theta[index]:.6g}",
                where=where,
                hint="all time steps must share threshold and leak",
            )
    probe = np.zeros((region.timesteps, 1, channels), np.float32)
    probe[0, 0] = -2 * theta
    polarity = "ternary" if (region.run(probe)[0] < -0.5).any() else "binary"
    shifts: tuple[int, ...] = (1,)
    reset = "zero"
    if region.timesteps > 1:
        leak = (theta - _first_firing(region, 1, (theta * 0.5)[None], where)) / (theta * 0.5)
        shifts = _shifts_of(float(np.median(leak)), where)
        fired = (theta - _first_firing(region, 1, (theta * 1.5)[None], where)) / theta
        reset = _reset_of(float(np.median(fired)), LEAKS[shifts], where)
    threshold = theta if len(np.unique(theta)) > 1 else theta[:1]
    neuron = Neuron(name, (edge,), threshold.copy(), shifts, reset, polarity)
    _verify(region, neuron, theta, channels, where)
    return neuron


def _shifts_of(leak: float, where: str) -> tuple[int, ...]:
    for shifts, value in LEAKS.items():
        if abs(leak - value) < 1e-3:
            return shifts
    raise InputError(
        f"the leak {leak:.4g} is not a sum of at most two powers of one half",
        where=where,
        hint="train with a leak such as 1/2, 1/4 or 3/4: it becomes shifts",
    )


def _reset_of(residue: float, leak: float, where: str) -> str:
    for reset, value in (("zero", 0.0), ("subtract", 0.5 * leak), ("none", 1.5 * leak)):
        if abs(residue - value) < 1e-3:
            return reset
    raise InputError(f"after a spike a residue of {residue:.4g} of the threshold stays", where=where)


def _verify(region: Region, neuron: Neuron, theta: np.ndarray, channels: int, where: str) -> None:
    """Compares the closed form with the region on random values, and on the thresholds themselves."""
    rng = np.random.default_rng(0)
    shape = (region.timesteps, PROBES, channels)
    current = rng.normal(0, 1.2, shape).astype(np.float32) * theta
    special = np.stack([theta, -theta, theta * 0.5, np.zeros_like(theta), theta * 4, theta * -4])
    pick = rng.integers(0, len(special), shape[:2])
    current = np.where(rng.random(shape[:2])[..., None] < 0.3, special[pick], current)
    wanted = run_neuron(neuron, [current[None, :, :, None, :]], "float", region.timesteps)[0, :, :, 0, :]
    got = np.rint(region.run(current)).astype(np.int8)
    share = float((wanted != got).mean())
    # Another order of float operations may flip a value that sits on the threshold itself.
    if share > 1e-4:
        raise InputError(
            f"the neuron is none this program knows: {100 * share:.2f} % of its spikes differ from "
            f"threshold {theta[0]:.4g}, leak {neuron.leak}, reset {neuron.reset}, {neuron.polarity}",
            where=where,
        )
