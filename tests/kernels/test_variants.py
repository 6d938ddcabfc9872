"""Kernels of each core equal the portable ones bit for bit: cases.c with both, the one emulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge_snn.graph.conv import window_output
from edge_snn.plan.pool import spans
from firmware_gen.families.context import block_words, nibble_words
from tests.kernels.target import Target, emulated

CORES = {
    "M0": ("microbit", ("-DROOM=6736u",)),
    "M0 packed": ("microbit", ("-DROOM=10128u", "-DESNN_PACKED_ROWS")),
    "M3": ("mps2-an385", ()),
    "M3 packed": ("mps2-an385", ("-DESNN_PACKED_ROWS",)),
    "M4": ("mps2-an386", ()),
    "M7": ("mps2-an500", ()),
    "M33": ("mps2-an505", ()),
}
LINEAR, CONV, NEURON, CLIP, CONTEXT = range(5)
RESIDUAL, STORE, POOL, FIRES, TERNARY, WINDOW = 1, 2, 4, 8, 16, 32
SETTINGS = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    return Target(tmp_path_factory.mktemp("cases") / "portable", None)


@pytest.fixture(scope="module", params=emulated(CORES))
def target(request, tmp_path_factory):
    core, more = request.param
    board, flags = CORES[core]
    return Target(tmp_path_factory.mktemp("cases") / "target", board, (*flags, *more))


def u32(*values) -> bytes:
    return np.array(values, np.int64).astype("<i4").tobytes()


def lanes(values: np.ndarray) -> bytes:
    """int16 numbers, filled up with zeros to whole blocks of 16."""
    flat = values.reshape(-1)
    full = np.zeros(-(-flat.size // 16) * 16, "<i2")
    full[: flat.size] = flat
    return full.tobytes()


def packed(spikes: np.ndarray) -> bytes:
    """bool [.., channels] in rows of whole 16 bits."""
    room = np.zeros((*spikes.shape[:-1], -(-spikes.shape[-1] // 16) * 16), bool)
    room[..., : spikes.shape[-1]] = spikes
    return np.packbits(room, axis=-1, bitorder="little").tobytes()


def trains(rng, *shape) -> np.ndarray:
    """Spikes [positions, T, channels] of any density, silent and saturated included, often alike over time."""
    density = rng.choice([0.0, 0.03, 0.2, 0.6, 1.0])
    independent = rng.random(shape) < density
    repeated = (rng.random((shape[0], 1, shape[2])) < density) & np.ones(shape, bool)
    return np.where(rng.random((shape[0], 1, 1)) < 0.5, independent, repeated)


def matrix(rng, inputs: int, channels: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 weights and int16 biases whose sums stay within the limit, and reach it now and then."""
    weight = rng.integers(-128, 128, (inputs, channels))
    if rng.random() < 0.4:
        weight[:] = rng.choice([-128, 127], channels)
    reach = max(int(np.maximum(weight, 0).sum(0).max()), int(np.maximum(-weight, 0).sum(0).max()))
    if reach > limit:
        weight = np.sign(weight) * (np.abs(weight) * limit // reach)
        reach = limit
    spare = limit - reach
    bias = rng.integers(-spare, spare + 1, channels) if rng.random() < 0.5 else rng.choice([-spare, spare], channels)
    return weight.astype(np.int8), bias.astype(np.int16)


def thresholds(rng, channels: int, limit: int) -> np.ndarray:
    """For sums within the limit: such that membranes and their distances from the thresholds fit 16 bits."""
    most = min(2**15 - 2 * limit, limit) - 1
    values = rng.integers(1, most + 1, channels) if rng.random() < 0.7 else rng.choice([1, most], channels)
    full = np.full(-(-channels // 16) * 16, 2**15 - 1)
    full[:channels] = values
    return full


def chain(rng, inputs: int, channels: int, cin: int, steps: int, limit: int) -> bytes:
    weight, bias = matrix(rng, inputs, channels, limit)
    order = rng.permutation(steps)
    head = u32(inputs, channels, channels, cin, steps, *order)
    if rng.random() < 0.4:
        return head + u32(1) + nibble_words(np.clip(weight, -8, 7)).tobytes() + lanes(bias)
    return head + u32(0) + block_words(weight).tobytes() + lanes(bias)


def finish(rng, kind: int, positions: int, channels: int, steps: int, limit: int, image=None) -> bytes:
    windows, width, rows, columns = 1, 1, ((0, 1),), ((0, 1),)
    if kind & (POOL | WINDOW):
        size, stride, before = [(2, 2, 0), (3, 2, 1), (3, 1, 1)][rng.integers(3)]
        rows, columns = (spans(length, size, stride, before, before) for length in image)
        height, width = (window_output(length, size, stride, before, before) for length in image)
        windows = height * width
    reach = 2 * limit if kind & RESIDUAL else min(limit, LIMITS[0])
    body = u32(kind, windows, width) + thresholds(rng, channels, reach).astype("<i2").tobytes()
    if kind & (RESIDUAL | STORE):
        blocks = -(-channels // 16)
        stream = np.zeros((positions * steps, blocks * 16), np.int16)
        stream[:, :channels] = rng.integers(-limit, limit + 1, (positions * steps, channels))
        body += stream.astype("<i2").tobytes()
    for table in (rows, columns):
        body += np.array([*table, *[(0, 0)] * (8 - len(table))], "<u4").tobytes()
    return body


WIDE = (1 << 15) - 1
# Of the sums: what neurons and residuals behind them leave of 16 bits.
LIMITS = {0: (1 << 14) - 1, RESIDUAL: 1 << 12}


def small(rng, kind: int, limit: int) -> int:
    """In front of neurons sums are small half of the time: then one more or less makes or breaks a spike."""
    return int(rng.choice([limit, limit, 5, 40])) if kind & FIRES else limit


def linear_case(rng) -> bytes:
    steps = int(rng.choice([4, 4, 4, 2, 2, 1, 6]))
    cin, channels, positions = (
        int(rng.integers(1, 70)),
        int(rng.choice([1, 8, 16, 23, 32, 40])),
        int(rng.integers(1, 4)),
    )
    if steps in (2, 4):
        kind = int(rng.choice([FIRES, FIRES | TERNARY, STORE, RESIDUAL | STORE | FIRES, RESIDUAL | FIRES | TERNARY]))
    else:
        kind = int(rng.choice([STORE, RESIDUAL | STORE]))
    limit = LIMITS[kind & RESIDUAL] if kind & (FIRES | RESIDUAL) else WIDE
    limit = min(limit, 7000) if kind & TERNARY else limit
    limit = small(rng, kind, limit)
    spikes = trains(rng, positions, steps, cin)
    parts = chain(rng, cin, channels, cin, steps, limit) + packed(spikes)
    return u32(LINEAR, positions) + parts + finish(rng, kind, positions, channels, steps, limit)


def conv_case(rng) -> bytes:
    steps = int(rng.choice([4, 4, 4, 2, 3]))
    kh, kw = ((3, 3), (3, 3), (1, 1), (2, 3), (3, 2), (5, 5))[rng.integers(6)]
    cin = int(rng.choice([1, 3, 8, 12, 16, 20])) if kh * kw < 10 else int(rng.choice([1, 3, 5]))
    height, width = (int(n) for n in rng.integers(1, 6, 2))
    height, width = max(height, kh - 1), max(width, kw - 1)
    stride = (int(rng.choice([1, 1, 2])), int(rng.choice([1, 1, 2, 3])))
    top, left = int(rng.integers(0, kh)), int(rng.integers(0, kw))
    out = [
        max((size + 2 * before - k) // step + 1, 1)
        for size, before, k, step in zip((height, width), (top, left), (kh, kw), stride)
    ]
    channels = int(rng.choice([5, 16])) if kh * kw * cin > 100 else int(rng.choice([8, 16, 24]))
    most = 5 if channels <= 16 else 4  # or a board of 16 kB has no room
    out = [min(out[0], most), min(out[1], most)]
    kinds = [STORE, POOL] if steps == 3 else [FIRES, FIRES | WINDOW, STORE, RESIDUAL | STORE | FIRES, POOL, POOL]
    kind = int(rng.choice(kinds))
    lanes_fit = int(rng.integers(2)) if kind & POOL else 0
    limit = LIMITS[kind & RESIDUAL] if kind & (FIRES | RESIDUAL) or lanes_fit else WIDE
    limit = small(rng, kind, limit)
    spikes = trains(rng, height * width, steps, cin)
    head = u32(CONV, height, width, *out, kh, kw, *stride, top, left, lanes_fit)
    parts = chain(rng, kh * kw * cin, channels, cin, steps, limit) + packed(spikes)
    return head + parts + finish(rng, kind, out[0] * out[1], channels, steps, limit, out)


def neuron_case(rng) -> bytes:
    """Sums at, just below and far from the thresholds."""
    ternary = int(rng.integers(2))
    limit = int(rng.choice([100, 7000, 10900]))
    theta = thresholds(rng, 16, limit)
    near = np.stack([theta, theta - 1, -theta, 1 - theta, (theta + 1) // 2, np.full(16, limit), np.full(16, -limit)])
    pick = rng.integers(0, 8, (4, 16))
    wild = rng.integers(-limit, limit + 1, (4, 16))
    sums = np.where(pick < 7, np.take_along_axis(near, np.minimum(pick, 6), 0), wild)
    return u32(NEURON, rng.choice([2, 4]), ternary) + lanes(np.clip(sums, -limit, limit)) + lanes(theta)


def clip_case(rng) -> bytes:
    entries = 2 * int(rng.integers(1, 33))
    sums = rng.choice([-(2**15), -1, 0, 1, 2**15 - 1, 7], entries) + 0
    wild = rng.integers(-(2**15), 2**15, entries)
    clip = rng.choice([0, 1, 7, 2**15 - 1], entries)
    sums = np.where(rng.random(entries) < 0.5, sums, wild)
    return u32(CLIP, entries) + sums.astype("<i2").tobytes() + clip.astype("<i2").tobytes()


def context_case(rng) -> bytes:
    words = int(rng.choice([2, 4, 6, 8]))
    masks = [int(value) for value in rng.integers(1, 1 << (2 * words), 3)]
    masks[2] *= int(rng.integers(2))
    key, context = rng.integers(-(2**31), 2**31, words), rng.integers(-(2**31), 2**31, 2 * words * words)
    return u32(CONTEXT, words, *masks) + u32(*key) + u32(*context)


CASES = {
    "linear": linear_case,
    "conv": conv_case,
    "neuron": neuron_case,
    "clip": clip_case,
    "context": context_case,
}


@pytest.mark.parametrize("name", CASES)
@SETTINGS
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=0)
@example(seed=2_673_828_451)  # conv: spikes of a position that lies behind the last pooling window
def test_a_core_equals_the_portable_kernels(target, oracle, name, seed):
    rng = np.random.default_rng(seed)
    cases = b"".join(CASES[name](rng) for _ in range(25))
    want = oracle.run(cases)
    assert want
    assert b"no room" not in want
    assert target.run(cases) == want
