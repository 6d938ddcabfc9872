"""Each operation of the reference against its definition, written out in loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.reference import attention, conv, neuron, pool, readout


def ints(rng, low, high, *shape, dtype=np.int8):
    return rng.integers(low, high + 1, shape).astype(dtype)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), stride=st.integers(1, 2), padding=st.integers(0, 2), pixels=st.booleans())
def test_convolution_is_its_definition(seed, stride, padding, pixels):
    rng = np.random.default_rng(seed)
    x = ints(rng, 0, 255, 2, 1, 5, 4, 3, dtype=np.uint8) if pixels else ints(rng, -1, 1, 2, 2, 5, 4, 3)
    node = Conv2D(
        "c",
        ("x",),
        ints(rng, -127, 127, 3, 3, 3, 5),
        ints(rng, -999, 999, 5, dtype=np.int32),
        (stride, stride),
        (padding, padding, padding, padding),
    )
    got = conv.run(node, [x], "integer")
    padded = np.pad(x.astype(np.int64), ((0, 0), (0, 0), (padding, padding), (padding, padding), (0, 0)))
    for b, t, i, j, c in itertools.product(*map(range, got.shape)):
        window = padded[b, t, i * stride : i * stride + 3, j * stride : j * stride + 3]
        assert got[b, t, i, j, c] == (window * node.weight[..., c]).sum() + node.bias[c]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    polarity=st.sampled_from(["binary", "ternary"]),
    reset=st.sampled_from(["zero", "subtract", "none"]),
    shifts=st.sampled_from([(1,), (0,), (), (1, 2), (2,)]),
    static=st.booleans(),
)
def test_a_neuron_is_its_definition(seed, polarity, reset, shifts, static):
    rng = np.random.default_rng(seed)
    steps, channels = 5, 3
    x = ints(rng, -200, 200, 1, 1 if static else steps, 1, 1, channels, dtype=np.int32)
    theta = ints(rng, 1, 150, channels, dtype=np.int32)
    node = Neuron("n", ("x",), theta, shifts, reset, polarity)
    got = neuron.run_neuron(node, [x], "integer", steps)
    for c in range(channels):
        residue = 0
        for t in range(steps):
            u = residue + int(x[0, 0 if static else t, 0, 0, c])
            s = 1 if u >= theta[c] else -1 if polarity == "ternary" and u <= -theta[c] else 0
            assert got[0, t, 0, 0, c] == s
            kept = u - int(theta[c]) * s if reset == "subtract" else u
            residue = sum(kept // 2**shift for shift in shifts)  # // floors, as the shift does
            if reset == "zero" and s:
                residue = 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), heads=st.sampled_from([1, 2, 4]), tokens=st.integers(1, 9))
def test_both_orders_of_attention_are_equal_and_right(seed, heads, tokens):
    rng = np.random.default_rng(seed)
    shape = (2, 3, tokens, 1, 8)
    q, k, v = ints(rng, 0, 1, *shape), ints(rng, 0, 900, *shape, dtype=np.int32), ints(rng, -1, 1, *shape)
    results = [
        attention.run(Attention("a", ("q", "k", "v"), heads, order), [q, k, v], "integer") for order in ("qk_v", "q_kv")
    ]
    assert np.array_equal(*results)
    width = 8 // heads
    for h in range(heads):
        part = (..., slice(h * width, (h + 1) * width))
        qh, kh, vh = (x[:, :, :, 0][part].astype(np.int64) for x in (q, k, v))
        want = np.einsum("btnd,btmd,btme->btne", qh, kh, vh)
        assert np.array_equal(results[0][:, :, :, 0][part], want)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.float32])
def test_pooling_ignores_what_lies_outside(dtype):
    x = np.full((1, 1, 4, 4, 1), -1 if dtype == np.int8 else -100).astype(dtype)
    x[0, 0, 2, 1, 0] = 1
    got = pool.run(MaxPool2D("p", ("x",)), [x], "integer")
    assert got[0, 0, :, :, 0].tolist() == [[x.min(), x.min()], [1, 1]]


def test_relu_clips_at_both_ends():
    x = np.array([-5, 0, 7, 99], np.int32).reshape(1, 1, 1, 1, 4)
    node = Relu("k", ("x",), np.array([9, 9, 9, 9], np.int32))
    assert neuron.run_relu(node, [x], "integer").ravel().tolist() == [0, 0, 7, 9]


def test_the_readout_sums_spikes_over_steps_and_positions():
    x = np.ones((1, 4, 2, 3, 2), np.int8)
    node = Readout("r", ("x",), np.array([[1, 2], [10, 20]], np.int8), np.array([5, 6], np.int32))
    assert readout.run(node, [x], "integer").ravel().tolist() == [24 * 11 + 5, 24 * 22 + 6]


def test_ternary_spikes_are_counted_plus_and_minus_apart():
    spikes = np.array([[1, 1, -1], [0, -1, -1]], np.int8).reshape(1, 2, 1, 1, 3)
    assert neuron.count(spikes, "ternary").tolist() == [[2, 0, 1, 2]]


def test_synaptic_operations_know_the_border():
    x = np.zeros((1, 1, 4, 4, 1), np.int8)
    x[0, 0, 0, 0, 0] = 1  # a corner pixel lies in 4 of the 3x3 windows
    node = Conv2D("c", ("x",), np.ones((3, 3, 1, 7), np.int8), np.zeros(7, np.int32), (1, 1), (1, 1, 1, 1))
    assert conv.sops(node, [x]).tolist() == [4 * 7]
    assert conv.sops(node, [x.astype(np.uint8) * 3]).tolist() == [4 * 7 * 2]  # two bits are set
