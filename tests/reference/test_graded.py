"""Operations of codes against their definition in C, written out in loops over plain integers.

That whole files give what TensorFlow Lite Micro gives is in tests/frontends/int8.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.softmax import Softmax
from edge_snn.reference import depthwise, graded, graded_conv, graded_pool, softmax

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
EDGES = st.sampled_from([0, 1, -1, (1 << 31) - 1, -(1 << 31), 1 << 30, -(1 << 30), 3 << 28, -(3 << 28)])


def towards_zero(a: int, b: int) -> int:
    return abs(a) // b * (1 if a >= 0 else -1)


def by_definition(x: int, multiplier: int, shift: int) -> int:
    """gemmlowp's two steps, as its C++ has them."""
    product = (x << max(shift, 0)) * multiplier
    high = towards_zero(product + (1 << 30 if product >= 0 else 1 - (1 << 30)), 1 << 31)
    bits = max(-shift, 0)
    remainder = high & ((1 << bits) - 1)
    return (high >> bits) + (remainder > (((1 << bits) - 1) >> 1) + (high < 0))


@settings(max_examples=400, deadline=None)
@given(x=INT32 | EDGES, multiplier=st.integers(1 << 30, (1 << 31) - 1) | st.just(0), shift=st.integers(-31, 0))
def test_rounding_twice_is_gemmlowps(x, multiplier, shift):
    assert graded.requantise(np.array([x]), multiplier, shift)[0] == by_definition(x, multiplier, shift)


@settings(max_examples=100, deadline=None)
@given(x=st.integers(-1000, 1000), multiplier=st.integers(1 << 30, (1 << 31) - 1), shift=st.integers(1, 20))
def test_a_shift_to_the_left_comes_first(x, multiplier, shift):
    assert graded.requantise(np.array([x]), multiplier, shift)[0] == by_definition(x, multiplier, shift)


@settings(max_examples=200, deadline=None)
@given(x=INT32 | EDGES, multiplier=st.integers(1 << 30, (1 << 31) - 1), shift=st.integers(-31, 0))
def test_rounding_once_is_to_the_nearest_halves_up(x, multiplier, shift):
    wanted = (2 * x * multiplier + (1 << (31 - shift))) >> (32 - shift)
    assert graded.requantise(np.array([x]), multiplier, shift, "single")[0] == wanted


def some_layer(rng: np.random.Generator, kind: type, channels: int, weight: tuple[int, ...], **window) -> GradedConv:
    return kind(
        "layer",
        ("input",),
        zero=int(rng.integers(0, 256)),
        low=0,
        high=255,
        input_zero=int(rng.integers(0, 256)),
        weight=rng.integers(-127, 128, weight).astype(np.int8),
        bias=rng.integers(-5000, 5000, channels).astype(np.int32),
        multiplier=rng.integers(1 << 30, 1 << 31, channels).astype(np.int32),
        shift=rng.integers(-9, -3, channels).astype(np.int32),
        **window,
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    padding=st.integers(0, 1),
    deep=st.booleans(),
)
def test_a_layer_and_its_operations_are_their_definition(seed, stride, dilation, padding, deep):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (2, 1, 8, 7, 3)).astype(np.uint8)
    window = {"stride": (stride, 1), "padding": (padding, 0, 1, padding), "dilation": (1, dilation)}
    if deep:
        node = some_layer(rng, Depthwise, 6, (2, 2, 3, 2), **window)
        x[x == 7] = node.input_zero
        got, sops = depthwise.run(node, [x], "integer"), graded_conv.sops(node, [x], 2)
    else:
        node = some_layer(rng, GradedConv, 4, (2, 2, 3, 4), **window)
        got, sops = graded_conv.run(node, [x], "integer"), graded_conv.sops(node, [x], 4)
    operations = np.zeros(2, np.int64)
    for image, i, j, c in itertools.product(range(2), *map(range, got.shape[2:])):
        total = int(node.bias[c])
        for a, b, k in itertools.product(range(2), range(2), range(3)):
            y, z = i * stride + a - padding, j + b * dilation
            read = k == c // 2 if deep else True
            if read and 0 <= y < 8 and 0 <= z < 7:
                weight = node.weight[a, b, k, c % 2 if deep else c]
                total += (int(x[image, 0, y, z, k]) - node.input_zero) * int(weight)
                operations[image] += int(x[image, 0, y, z, k]) != node.input_zero
        scaled = by_definition(total, int(node.multiplier[c]), int(node.shift[c]))
        assert got[image, 0, i, j, c] == min(max(node.zero + scaled, 0), 255)
    assert sops.tolist() == operations.tolist()
    assert graded.count(node, got)[:, 0].tolist() == [(image != node.zero).sum() for image in got]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), padding=st.integers(0, 1), stride=st.integers(1, 3), pool=st.booleans())
def test_a_pool_is_its_definition(seed, padding, stride, pool):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (1, 1, 7, 6, 2)).astype(np.uint8)
    node = GradedPool("p", ("x",), 0, 20, 230, "max" if pool else "average", (3, 2), (stride, 1), (padding, 0, 0, 1))
    got = graded_pool.run(node, [x], "integer")
    for i, j, c in itertools.product(*map(range, got.shape[2:])):
        rows, columns = range(i * stride - padding, i * stride - padding + 3), range(j, j + 2)
        inside = [int(x[0, 0, y, z, c]) - 128 for y in rows for z in columns if 0 <= y < 7 and 0 <= z < 6]
        half = len(inside) // 2
        mean = towards_zero(sum(inside) + (half if sum(inside) > 0 else -half), len(inside))
        assert got[0, 0, i, j, c] == min(max((max(inside) if pool else mean) + 128, 20), 230)


def test_a_mean_goes_over_its_axes_only():
    x = np.random.default_rng(1).integers(0, 256, (2, 1, 3, 4, 5)).astype(np.uint8)
    one = np.array([1 << 30], np.int32)  # times 2^1: a mean of one scale over n has n in the multiplier
    for axes, shape in (((0, 1), (1, 1, 5)), ((1,), (3, 1, 5)), ((1, 2), (3, 1, 1))):
        n = int(np.prod([x.shape[axis + 2] for axis in axes]))
        node = Mean("m", ("x",), 7, 0, 255, 9, one // n * 2, np.array([0], np.int32), axes)
        got = graded_pool.run_mean(node, [x], "integer")
        wanted = 7 + (x.astype(np.int64) - 9).mean(axis=tuple(axis + 2 for axis in axes)).reshape(2, 1, *shape)
        assert got.shape == (2, 1, *shape)
        assert np.abs(got - wanted).max() <= 0.51


@pytest.mark.parametrize("channels", [1, 2, 10, 1000])
def test_a_softmax_is_nearly_one(channels):
    x = np.random.default_rng(channels).integers(0, 256, (4, 1, 1, 3, channels)).astype(np.uint8)
    scale = 0.05
    mantissa, exponent = np.frexp(scale * 2**26)
    node = Softmax("s", ("x",), 0, int(mantissa * 2**31), int(exponent), -255)
    got = softmax.run(node, [x], "integer")
    wanted = np.exp(scale * (x - x.max(axis=-1, keepdims=True).astype(np.float64)))
    wanted = np.minimum(256 * wanted / wanted.sum(axis=-1, keepdims=True), 255)
    assert np.abs(got - wanted).max() <= 0.51
