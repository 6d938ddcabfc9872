"""Vector kernels on an emulated Cortex-M55: the same bits as their portable forms, and as the definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernels.target import Target, emulated

SUMS, NEURON, STREAM, ATTENTION, PIXELS, POOL, READOUT, POOL_MAX, NARROW, POOL_LINE = range(10)
BATCH = 12  # cases a run of the emulator
DENSITIES = [0.0, 0.02, 0.1, 0.3, 0.7, 1.0]
batches = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Vectors(Target):
    """The vector kernels: a list of (kernel, input) pairs goes in, the list of their outputs comes out."""

    def each(self, cases: Sequence[tuple[int, bytes]]) -> list[bytes]:
        blob = b"".join(np.array([kernel, len(data)], "<u4").tobytes() + data for kernel, data in cases)
        out, results, at = self.run(blob), [], 0
        while at < len(out):
            size = int.from_bytes(out[at : at + 4], "little")
            results.append(out[at + 4 : at + 4 + size])
            at += 4 + size
        assert len(results) == len(cases)
        return results


@pytest.fixture(scope="module", params=[*emulated(["mps3-an547"]), pytest.param((None, ()), id="host")])
def target(request, tmp_path_factory):
    board, flags = request.param
    return Vectors(tmp_path_factory.mktemp("vectors") / "program", board, flags, cases="vector_cases.c")


def packed(*parts: np.ndarray | Sequence[int]) -> bytes:
    """Parts of a case, each from a multiple of 8 bytes on; sequences of int are uint32."""
    blob = b""
    for part in parts:
        data = (part if isinstance(part, np.ndarray) else np.array(part, np.uint32)).tobytes()
        blob += data + bytes(-len(data) % 8)
    return blob


def numbers(rng, low, high, shape, kind=np.int16):
    """Uniform, all at one end, or a mixture of the ends."""
    style = rng.integers(3)
    if style == 0:
        return rng.integers(low, high + 1, shape).astype(kind)
    ends = [low, high] if style == 1 else [low, 0, high]
    return rng.choice(ends, shape).astype(kind)


def bits(rng, shape):
    """Spikes of a random density, uint8 0 or 1."""
    return (rng.random(shape) < rng.choice(DENSITIES)).astype(np.uint8)


def pack(spikes, row_bytes):
    """[.., channels] as [.., row_bytes]."""
    short = np.packbits(spikes, axis=-1, bitorder="little")
    room = np.zeros((*short.shape[:-1], row_bytes), np.uint8)
    room[..., : short.shape[-1]] = short
    return room


def halves(result, kind):
    """The results of the portable form and of the other one."""
    both = np.frombuffer(result, kind).reshape(2, -1)
    return both[0], both[1]


def check(target, kernel, cases, kind=np.uint8):
    """Runs (head, arrays..) cases; asserts that both forms agree; returns the results of the portable one."""
    results = target.each([(kernel, packed(*case)) for case in cases])
    found = []
    for result in results:
        portable, other = halves(result, kind)
        assert np.array_equal(portable, other)
        found.append(portable)
    return found


@batches
@given(seed=st.integers(0, 10**6))
def test_sums_of_windows(target, seed):
    """Lists, marks and sums: the margins of a line list nothing, and lanes past the last vector stay as they are."""
    rng, cases, wants = np.random.default_rng(seed), [], []
    for _ in range(BATCH):
        kh, kw = [(1, 1), (3, 3), (3, 3), (2, 3), (1, 3), (4, 1)][rng.integers(6)]
        vectors = int(rng.integers(1, 14))
        blocks = -(-vectors // 2)
        most = 40000 // (kh * kw * blocks * 16)
        inputs = int(rng.integers(1, max(2, min(most, 90))))
        width, left, right = int(rng.integers(kw, kw + 3)), int(rng.integers(3)), int(rng.integers(3))
        stride, order, channels = int(rng.integers(1, 3)), rng.permutation(4), 8 * vectors
        weights = np.zeros((kh, kw, inputs, 16 * blocks), np.int8)
        weights[..., :channels] = numbers(rng, -128, 127, (kh, kw, inputs, channels), np.int8)
        bias = np.zeros(16 * blocks, np.int16)
        bias[:channels] = numbers(rng, -32768, 32767, channels)
        spikes = bits(rng, (kh, width, 4, inputs))
        row_bytes = -(-inputs // 16) * 2
        head = [blocks, inputs, width, kh, kw, left, right, stride, vectors, *order.tolist()]
        cases.append((head, weights, bias, pack(spikes, row_bytes)))
        room = np.pad(spikes.astype(np.int64), ((0, 0), (left, right), (0, 0), (0, 0)))
        want = [
            bias + np.einsum("yxtc,yxcd->td", room[:, x : x + kw], weights.astype(np.int64))
            for x in range(0, width + left + right - kw + 1, stride)
        ]
        wants.append(np.array(want).astype(np.int16))
    results = target.each([(SUMS, packed(*case)) for case in cases])
    for result, want in zip(results, wants):
        assert np.frombuffer(result, np.int32, 1) == 0  # both forms list the same
        both = np.frombuffer(result, np.int16, offset=8).reshape(2, len(want), 4, -1)
        assert np.array_equal(both[0], want)
        assert np.array_equal(both[1], want)


@batches
@given(seed=st.integers(0, 10**6))
def test_neurons(target, seed):
    """Membranes stay within 16 bits, as the converter proves: U <= max X + (theta - 1) / 2, U >= 2 min X."""
    rng, cases = np.random.default_rng(seed), []
    for _ in range(BATCH):
        blocks, ternary = int(rng.integers(1, 6)), int(rng.integers(2))
        positions = int(rng.integers(1, 36))  # more than two times 15
        reach = int(rng.choice([50, 4000, 16000]))
        theta = np.maximum(numbers(rng, 1, int(rng.choice([1, 100, reach])), 16 * blocks), 1)
        theta[rng.random(16 * blocks) < 0.1] = 32767
        cases.append(([blocks, ternary, positions], theta, numbers(rng, -reach, reach, (positions, 4, 16 * blocks))))
    check(target, NEURON, cases)


@batches
@given(seed=st.integers(0, 10**6))
def test_residuals_and_stores(target, seed):
    rng, cases, wants = np.random.default_rng(seed), [], []
    for residual, store in ((1, 0), (0, 1), (1, 1)):
        blocks = int(rng.integers(1, 20))
        sums, other = (numbers(rng, -32768, 32767, 64 * blocks) for _ in range(2))
        cases.append(([blocks, residual, store], sums, other))
        wants.append(sums + other if residual else sums)
    for found, want, case in zip(check(target, STREAM, cases, np.int16), wants, cases):
        stored = case[0][2]
        assert np.array_equal(found[: want.size], case[1] if stored else want)
        assert np.array_equal(found[want.size :], want if stored else np.zeros_like(want))


@batches
@given(seed=st.integers(0, 10**6))
def test_attention(target, seed):
    """Heads of 16 and of 12 channels: in V they lie next to each other, and Q has as many rows."""
    rng, cases = np.random.default_rng(seed), []
    for _ in range(4):
        heads, ternary, width = int(rng.integers(1, 6)), int(rng.integers(2)), int(rng.choice([12, 16]))
        clip = numbers(rng, 0, 32767, 16 * heads)
        keys = numbers(rng, -32768, 32767, (4, 16 * heads))
        row_bytes = -(-width * heads // 16) * 2
        value = pack(bits(rng, (4, 1 + ternary, width * heads)), row_bytes)
        contexts = numbers(rng, -32768, 32767, (4, heads, 256))
        query = bits(rng, (heads, 4, width)).astype(np.uint32) << np.arange(16, 16 + width, dtype=np.uint32)
        rows = query.sum(axis=-1, dtype=np.uint32)
        theta = np.maximum(numbers(rng, 1, int(rng.choice([1, 1000, 2**20])), 16 * heads, np.int32), 1)
        cases.append(([heads, ternary, width, row_bytes], clip, keys, value, contexts, rows, theta))
    check(target, ATTENTION, cases)


@batches
@given(seed=st.integers(0, 10**6))
def test_first_layer(target, seed):
    rng, cases = np.random.default_rng(seed), []
    for _ in range(BATCH):
        lines, pixels = int(rng.integers(1, 5)), int(rng.integers(1, 9))
        weights = numbers(rng, -128, 127, (lines * pixels, 1, 16))
        reach = 15 * 128 * lines * pixels
        weights[: 0 if reach <= 32767 else len(weights) // 4] = 0
        table = weights * np.arange(16, dtype=np.int16)[:, None]
        taken = np.abs(table[:, 15].astype(np.int64)).sum(axis=0)
        start = (numbers(rng, -1, 1, 16) * np.maximum(32767 - taken, 0)).astype(np.int16)
        image = numbers(rng, 0, 255, lines * pixels, np.uint8) * bits(rng, lines * pixels)
        if taken.max() > 32767:
            continue
        cases.append(([lines, pixels], table, start, numbers(rng, -32768, 32767, (4, 16)), image))
    check(target, PIXELS, cases, np.uint32)


@batches
@given(seed=st.integers(0, 10**6))
def test_narrow_first_layer(target, seed):
    rng, cases = np.random.default_rng(seed), []
    for _ in range(BATCH):
        width, channels, stride = int(rng.integers(3, 12)), int(rng.integers(1, 3)), int(rng.integers(1, 3))
        weights = numbers(rng, -128, 127, (9 * channels, 1, 8))
        table = weights * np.arange(16, dtype=np.int16)[:, None]
        taken = np.abs(table[:, 15].astype(np.int64)).sum(axis=0)
        start = (numbers(rng, -1, 1, 8) * np.maximum(32767 - taken, 0)).astype(np.int16)
        image = numbers(rng, 0, 255, 3 * width * channels, np.uint8) * bits(rng, 3 * width * channels)
        if taken.max() > 32767:
            continue
        cases.append(([width, channels, stride], table, start, numbers(rng, -32768, 32767, (4, 8)), image))
    check(target, NARROW, cases, np.uint32)


@batches
@given(seed=st.integers(0, 10**6))
def test_pools(target, seed):
    rng, cases, wants = np.random.default_rng(seed), [], []
    for _ in range(BATCH):
        size, across, down = 8 * int(rng.integers(1, 9)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
        spikes = rng.integers(0, 256, size).astype(np.uint8)
        windows = rng.integers(0, 256, (down, across, size)).astype(np.uint8)
        cases.append(([size, across, down], spikes, windows))
        wants.append(windows | spikes)
    for result, want in zip(target.each([(POOL, packed(*case)) for case in cases]), wants):
        assert np.array_equal(np.frombuffer(result, np.uint8), want.reshape(-1))


@batches
@given(seed=st.integers(0, 10**6))
def test_readouts(target, seed):
    rng, cases, wants = np.random.default_rng(seed), [], []
    for _ in range(BATCH):
        rows, channels, padded = int(rng.integers(1, 700)), int(rng.integers(1, 70)), 8 * int(rng.integers(1, 5))
        spikes = bits(rng, (rows, channels))
        weights = numbers(rng, -128, 127, (channels, padded), np.int8)
        bias = numbers(rng, -(2**20), 2**20, padded, np.int32)
        row_bytes = -(-channels // 16) * 2
        cases.append(([rows, row_bytes, channels, padded], weights, bias, pack(spikes, row_bytes)))
        wants.append(bias + spikes.sum(axis=0, dtype=np.int64) @ weights.astype(np.int64))
    for found, want in zip(check(target, READOUT, cases, np.int32), wants):
        assert np.array_equal(found, want)


def windows_of(rng, positions):
    """First position and number of each of some windows of a line."""
    count = int(rng.integers(1, 6))
    first = np.sort(rng.integers(0, positions, count))
    return np.stack([first, rng.integers(1, np.minimum(positions - first, 8) + 1)], axis=1).astype(np.uint32)


@batches
@given(seed=st.integers(0, 10**6))
def test_pools_of_lines(target, seed):
    rng, cases, wants = np.random.default_rng(seed), [], []
    for _ in range(BATCH):
        size, positions, down = 8 * int(rng.integers(1, 9)), int(rng.integers(1, 12)), int(rng.integers(1, 4))
        places = windows_of(rng, positions)
        spikes = rng.integers(0, 256, (positions, size)).astype(np.uint8) & rng.integers(0, 256, size).astype(np.uint8)
        before = rng.integers(0, 256, (down, len(places), size)).astype(np.uint8)
        cases.append(([size, positions, len(places), down], places, spikes, before))
        found = [np.bitwise_or.reduce(spikes[first : first + count]) for first, count in places]
        wants.append(before | np.array(found))
    for result, want in zip(target.each([(POOL_LINE, packed(*case)) for case in cases]), wants):
        assert np.array_equal(np.frombuffer(result, np.uint8), want.reshape(-1))


@batches
@given(seed=st.integers(0, 10**6))
def test_pools_of_currents(target, seed):
    rng, cases, wants = np.random.default_rng(seed), [], []
    for _ in range(BATCH):
        blocks, down, positions = int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(1, 10))
        places = windows_of(rng, positions)
        sums = numbers(rng, -32768, 32767, (positions, 64 * blocks))
        before = numbers(rng, -32768, 32767, (down, len(places), 64 * blocks))
        cases.append(([blocks, positions, len(places), down], places, sums, before))
        found = np.array([sums[first : first + count].max(axis=0) for first, count in places])
        wants.append(np.maximum(before, found).reshape(-1))
    for found, want in zip(check(target, POOL_MAX, cases, np.int16), wants):
        assert np.array_equal(found, want)
