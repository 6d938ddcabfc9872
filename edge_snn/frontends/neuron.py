"""Recognises spiking neurons by what they compute, and ReLUs.

A neuron's region (:mod:`~edge_snn.frontends.region`) is run as a black box, so that no algebraic form is
special. At each step, bisection over all float32 numbers finds the smallest input that fires: the threshold,
to the last bit, whether the file says ``>=`` or ``>``. The same search behind a silent step and behind a spike
gives leak and reset. All must be equal at every step. The closed form found is then compared with the region
on random currents and on the thresholds themselves, spike by spike.
"""

from __future__ import annotations

import numpy as np

from edge_snn.errors import InputError
from edge_snn.frontends import shapes
from edge_snn.frontends.agreement import Margin, compare
from edge_snn.frontends.layout import Atom, group, normalise
from edge_snn.frontends.region import Region, collect
from edge_snn.frontends.slices import is_view, step_of
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Value
from edge_snn.frontends.walk import SLICES, SPLITTERS, Walk
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.tensor import Kind

PROBES = 256
LARGEST = np.float32(1e30)
LEAK_BITS = 15  # leaks are sums of at most MAX_SHIFTS powers 2**-s, s <= 15
MAX_SHIFTS = 4
ROUNDING = 4e-6  # of a measured leak, relative: a few units in the last place of float32


def split(walk: Walk, operator: Operator) -> Value | None:
    """SPLIT, UNPACK or the first of T slices: takes the whole neuron behind it."""
    position = 1 if operator.kind == "SPLIT" else 0
    whole = operator.kind in SPLITTERS and len(operator.outputs) == 1
    if whole or (operator.kind == "STRIDED_SLICE" and is_view(walk, operator)):
        return shapes.reshape(walk, operator, position)
    edge = walk.edge(operator, position)
    shape = walk.shape(operator.inputs[position])
    if operator.kind in SLICES:
        readers = [item for item in walk.readers[operator.inputs[0]] if item.kind == operator.kind]
        pieces = {item.outputs[0]: step_of(walk, item) for item in readers}
        axis = 0
    else:
        axis = walk.numbers(operator, 0, 1)[0] if operator.kind == "SPLIT" else operator.options["axis"]
        axis += len(shape) if axis < 0 else 0
        readers, pieces = [operator], {tensor: step for step, tensor in enumerate(operator.outputs)}
    groups = group(edge.layout, shape)
    time = normalise([Atom("t", 1, walk.timesteps)])
    if groups is None or not 0 <= axis < len(shape) or groups[axis] != time or edge.layout[:1] != time:
        raise walk.refusal(operator, "takes a tensor apart along another axis than time")
    if sorted(pieces.values()) != list(range(walk.timesteps)):
        raise walk.refusal(operator, f"splits into {len(pieces)} steps, an earlier neuron into {walk.timesteps}")
    walk.done.update(item.index for item in readers)
    _take(walk, operator, position, pieces)
    return None


def single_step(walk: Walk, operator: Operator) -> None:
    """A comparison, with T = 1."""
    position = 1 if walk.is_constant(operator.inputs[0]) else 0
    edge = walk.edge(operator, position)
    if walk.timesteps > 1 or walk.specs[edge.name].kind is not Kind.CURRENT:
        raise walk.refusal(operator, "compares outside a neuron's recurrence over time")
    _take(walk, operator, position, {operator.inputs[position]: 0})


def _take(walk: Walk, operator: Operator, position: int, pieces: dict[int, int]) -> None:
    edge = walk.edge(operator, position)
    spec = walk.specs[edge.name]
    region, taken = collect(walk, operator, pieces, spec.channels)
    if region.channels > 1:
        walk.natural(operator, position, edge)
    where = f"{walk.file.path}: {walk.file.describe(operator)}"
    node = identify(region, walk.name("neuron"), edge.name, where)
    last = region.operators[-1]
    walk.put(region.output, walk.emit(node, last, edge.layout))
    walk.done.update(taken)


def relu(walk: Walk, operator: Operator) -> Value:
    """RELU, or MAXIMUM with 0."""
    position = 0
    if operator.kind == "MAXIMUM":
        position = 1 if walk.is_constant(operator.inputs[0]) else 0
        if np.any(walk.constant(operator, 1 - position) != 0):
            raise walk.refusal(operator, "is not a ReLU")
    edge = walk.edge(operator, position)
    return walk.emit(Relu(walk.name("relu"), (edge.name,)), operator, edge.layout)


# -- the black box -----------------------------------------------------------------------------------


def _float_of(order: np.ndarray) -> np.ndarray:
    """float32 by rank: 0 is 0.0, 1 the smallest positive number, -1 its negative, and so on."""
    bits = np.abs(order).astype(np.uint32) | np.where(order < 0, np.uint32(1 << 31), np.uint32(0)).astype(np.uint32)
    return bits.view(np.float32)


def _first_firing(region: Region, history: np.ndarray, where: str, sign: int = 1) -> np.ndarray:
    """Smallest float32 input per channel that fires (largest that fires -1, if ``sign`` is -1) after ``history``.

    Floats of one sign are ordered like their bit patterns, so that 33 bisections find it exactly.
    """
    step, channels = history.shape
    top = int(LARGEST.view(np.int32))
    low, high = np.full(channels, -top, np.int64), np.full(channels, top, np.int64)

    def fires(order: np.ndarray) -> np.ndarray:
        current = np.zeros((region.timesteps, 1, channels), np.float32)
        current[:step, 0] = history
        current[step, 0] = sign * _float_of(order)
        return sign * region.run(current)[step, 0] > 0.5

    if not fires(high).all() or fires(low).any():
        raise InputError(f"is no spiking neuron: step {step} does not fire above a threshold", where=where)
    while (high - low > 1).any():
        middle = (low + high) // 2
        fired = fires(middle)
        high = np.where(fired, middle, high)
        low = np.where(fired, low, middle)
    return sign * _float_of(high)


def _same_at_every_step(values: list[np.ndarray], what: str, tolerance: float, where: str) -> None:
    """Refuses values that differ between steps, naming the step and both values."""
    for step, value in enumerate(values[1:], start=1):
        wrong = ~(np.abs(value - values[0]) <= tolerance)
        if wrong.any():
            channel = int(np.argmax(wrong))
            raise InputError(
                f"the {what} of step {step} is {_short(value[channel])}, "
                f"that of step 0 is {_short(values[0][channel])}",
                where=where,
                hint="all time steps of a neuron must share threshold, leak and reset",
            )


def _short(value: float) -> str:
    """A float32 in as few digits as tell it from its neighbours."""
    return str(np.float32(value)).removesuffix(".0")


def identify(region: Region, name: str, edge: str, where: str) -> Neuron:
    """Returns the neuron that the region computes.

    Raises:
        InputError: it is none of the neurons this project knows, or differs between time steps.
    """
    steps, channels = region.timesteps, region.channels
    quiet = np.zeros((steps, channels), np.float32)
    thetas = [_first_firing(region, quiet[:step], where) for step in range(steps)]
    _same_at_every_step(thetas, "threshold", 0.0, where)
    theta = thetas[0]
    if (theta <= 0).any():
        raise InputError(f"the threshold of a neuron is {theta.min():.6g}, it must be above 0", where=where)
    low = np.full((steps, 1, channels), -LARGEST, np.float32)
    polarity = "ternary" if (region.run(low)[0] < -0.5).any() else "binary"
    if polarity == "ternary":
        below = [_first_firing(region, quiet[:step], where, sign=-1) for step in range(steps)]
        _same_at_every_step(below, "negative threshold", 0.0, where)
        if (below[0] != -theta).any():
            channel = int(np.argmax(below[0] != -theta))
            raise InputError(
                f"the negative threshold is {_short(below[0][channel])}, the positive one {_short(theta[channel])}",
                where=where,
                hint="a ternary neuron fires +1 and -1 at the same distance from 0",
            )
    shifts, reset = _recurrence(region, theta, where)
    threshold = theta if len(np.unique(theta)) > 1 else theta[:1]
    neuron = Neuron(name, (edge,), threshold.copy(), shifts, reset, polarity)
    _verify(region, neuron, theta, where)
    return neuron


def _recurrence(region: Region, theta: np.ndarray, where: str) -> tuple[tuple[int, ...], str]:
    """Leak and reset, from what one step leaves for the next."""
    leaks, residues = [], []
    for step in range(1, region.timesteps):
        history = np.zeros((step, len(theta)), np.float32)
        history[-1] = theta * np.float32(0.5)
        leaks.append((theta - _first_firing(region, history, where)) / history[-1])
        history[-1] = theta * np.float32(1.5)
        residues.append((theta - _first_firing(region, history, where)) / theta)
    if not leaks:
        return (1,), "zero"  # with one step neither matters
    _same_at_every_step(leaks, "leak", ROUNDING, where)
    _same_at_every_step(residues, "residue after a spike, in thresholds,", ROUNDING, where)
    if np.ptp(leaks[0]) > ROUNDING:
        raise InputError(
            f"the leak differs between channels, {leaks[0].min():.6g} to {leaks[0].max():.6g}", where=where
        )
    shifts = _shifts_of(float(leaks[0][0]), where)
    leak = sum(2.0**-shift for shift in shifts)
    residue = residues[0]
    for reset, value in (("zero", 0.0), ("subtract", 0.5 * leak), ("none", 1.5 * leak)):
        if np.all(np.abs(residue - value) <= ROUNDING):
            return shifts, reset
    if np.all(np.abs(residue - (1.5 * leak - 1.0)) <= ROUNDING):
        raise InputError(
            f"a spike subtracts the threshold after the leak of {leak:g}, not before it (of 1.5 thresholds "
            f"{residue[0]:.6g} stay)",
            where=where,
            hint="snnTorch's default; reset_mechanism='zero' converts, and so does subtraction with beta = 1",
        )
    raise InputError(
        f"after a spike with a membrane of 1.5 thresholds, {residue[0]:.6g} thresholds stay",
        where=where,
        hint="a spike may reset the membrane to 0, subtract the threshold before the leak, or leave it; a membrane "
        "that begins at another value than 0, or a current with a decay of its own, looks like this as well",
    )


def _shifts_of(leak: float, where: str) -> tuple[int, ...]:
    """The leak as a sum of at most four different powers of one half."""
    units = round(leak * 2**LEAK_BITS)
    shifts = tuple(shift for shift in range(LEAK_BITS + 1) if units & (1 << (LEAK_BITS - shift)))
    small = abs(leak - units / 2**LEAK_BITS) <= ROUNDING
    if small and 0 <= units <= 2**LEAK_BITS and len(shifts) <= MAX_SHIFTS:
        return shifts
    raise InputError(
        f"the leak {leak:.6g} is not a sum of at most {MAX_SHIFTS} powers of one half",
        where=where,
        hint="train with a leak such as 1/2, 1/4 or 3/4: it becomes shifts",
    )


def _verify(region: Region, neuron: Neuron, theta: np.ndarray, where: str) -> None:
    """Compares the closed form with the region on random values, and on the thresholds themselves."""
    rng = np.random.default_rng(0)
    shape = (region.timesteps, PROBES, region.channels)
    current = rng.normal(0, 1.2, shape).astype(np.float32) * theta
    special = np.stack([theta, -theta, theta * 0.5, np.zeros_like(theta), theta * 4, theta * -4])
    pick = rng.integers(0, len(special), shape[:2])
    current = np.where(rng.random(shape[:2])[..., None] < 0.3, special[pick], current).astype(np.float32)
    margin = Margin(np.zeros_like(current[None], np.float64))
    found = compare(neuron, current[None], region.run(current)[None], margin)
    if found.wrong.any():
        step = int(np.argmax(found.wrong.any(axis=(0, 2, 3))))
        raise InputError(
            f"the neuron is none this program knows: from step {step} on its spikes differ from those of "
            f"threshold {theta[0]:.6g}, leak {neuron.leak:g}, reset {neuron.reset}, {neuron.polarity}",
            where=where,
        )
