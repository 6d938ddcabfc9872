"""MUL by one constant, and of a tensor by a table of itself, is a table: every entry is TFLite Micro's."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.graph.lookup import Lookup
from tests.int8_files import Maker
from tests.int8_oracle import differences, micro, recover

SHAPE = (1, 16, 16, 1)  # all 256 codes at once
ALL = np.arange(-128, 128).astype(np.int8).reshape(SHAPE)


def multiplied(seed: int) -> Maker:
    """An input times a constant of random scales, in either order; then whatever a network has behind it."""
    net = Maker(seed)
    x = net.input(SHAPE, scale=net.real(0.001, 2.0), zero=net.zero())
    shape = net.pick((), (1,), (1, 1, 1, 1))
    data = np.array(net.pick(127, -127, 1, 0, int(net.rng.integers(-128, 128))), np.int8).reshape(shape)
    constant = net.constant(data, net.real(0.0001, 1.0), net.pick(0, 0, net.zero()))
    factor = max(abs(int(data.item()) - net.tensors[constant].zero), 1) * float(net.tensors[constant].scale)
    reach = 255 * float(net.tensors[x].scale) * factor * net.real(0.3, 2)
    operands = net.pick([x, constant], [constant, x])
    net.add("MUL", operands, SHAPE, float(np.float32(reach / 127)), net.zero(), activation=net.pick(0, 0, 1, 3))
    return net


def test_a_tensor_times_a_constant_is_a_table_of_tflite_micro():
    entries = []
    for seed in range(150):
        net = multiplied(seed)
        (table,) = [node.table for node in recover(net).graph.nodes if isinstance(node, Lookup)]
        (theirs,) = micro(net.bytes(), ALL[None])
        assert (table.astype(int) - 128 == theirs.reshape(-1)).all(), f"seed {seed}"
        entries.append(len(set(table.tolist())))
    assert np.median(entries) > 8, "most tables are of one code: equality says nothing"


@pytest.mark.parametrize("swapped", [False, True])
def test_x_times_its_sigmoid_is_a_table_and_needs_no_other(swapped):
    """swish, as Keras writes it."""
    for seed in range(20):
        net = Maker(seed)
        x = net.input(SHAPE, scale=net.real(0.02, 0.2), zero=net.zero())
        share = net.add("LOGISTIC", [x], SHAPE, 1 / 256, -128)
        operands = [share, x] if swapped else [x, share]
        net.add("MUL", operands, SHAPE, float(net.tensors[x].scale), net.zero())
        told, _ = differences(net, seed)
        assert not told, f"seed {seed}: {told}"
        assert [node.name for node in recover(net).graph.nodes[:-1]] == ["mul1"]


def test_scaling_and_shifting_of_an_image_as_keras_leaves_them():
    """``Rescaling(1 / 127.5, -1)``: MUL, then ADD or SUB of a constant, in front of the first layer."""
    for seed in range(10):
        net = Maker(seed)
        x = net.input((1, 9, 8, 3), scale=1.0, zero=-128)
        factor = net.constant(np.array(127, np.int8), float(np.float32(1 / 127.5 / 127)), 0)
        scaled = net.add("MUL", [x, factor], (1, 9, 8, 3), float(np.float32(2 / 255)), -128)
        one = net.constant(np.array(127, np.int8), float(np.float32(1 / 127)), 0)
        x = net.add("SUB", [scaled, one], (1, 9, 8, 3), float(np.float32(2 / 255)), net.pick(-1, 0))
        net.dense(net.conv(x, 8))
        told, _ = differences(net, seed)
        assert not told, f"seed {seed}: {told}"


@pytest.mark.parametrize("what", ["channels", "tensor"])
def test_other_products_are_refused_with_what_to_do(what):
    net = Maker(1)
    x = net.input((1, 4, 4, 3))
    other = net.constant(np.array([1, 2, 3], np.int8), 0.1) if what == "channels" else net.conv(x, 3)
    shape = (1, 4, 4, 3) if what == "channels" else net.tensors[other].shape
    if what == "tensor":
        x = net.conv(x, 3) if net.tensors[other].shape != (1, 4, 4, 3) else x
    net.add("MUL", [x, other], shape, 0.1)
    with pytest.raises(InputError, match=r"\(MUL.*single constant is taken(.|\n)*BatchNorm"):
        recover(net)


def test_a_scale_that_overflows_is_refused():
    net = Maker(1)
    x = net.input(SHAPE, scale=1.0)
    net.add("MUL", [x, net.constant(np.array(5, np.int8), 1.0)], SHAPE, 1e-6)
    with pytest.raises(InputError, match="much finer scale"):
        recover(net)
