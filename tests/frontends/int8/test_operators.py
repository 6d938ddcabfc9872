"""Each operator of int8 at the ends of its range: the bytes of TensorFlow Lite Micro, on codes that cover it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge_snn.graph.border import Border
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.layout import Pad
from edge_snn.graph.lookup import Lookup
from tests.int8_files import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Int8File, Maker, windows
from tests.int8_oracle import differences, feed, micro, recover

ALL = np.arange(-128, 128).astype(np.int8)


def same(net: Int8File, seed: int = 0, count: int = 4) -> None:
    """Asserts that every tensor of the file is that of TFLite Micro."""
    told, _ = differences(net, seed, count)
    assert not told, told


def on_all_codes(net: Int8File) -> None:
    """The same of a network that takes [1, 256] int8, on all codes at once."""
    (theirs,) = micro(net.bytes(), ALL.reshape(1, 1, 256))
    found = recover(net)
    ours = found.borders[1].decode(feed(found, ALL.reshape(1, 1, 256)).logits + 128)
    assert np.array_equal(ours.ravel(), theirs.ravel())


# -- layers with weights -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_convolutions_of_any_window(seed):
    for number in range(8):
        net = Maker(100 * seed + number)
        x = net.input((1, 13, 11, int(net.pick(1, 3, 5))), scale=net.real(0.005, 0.1), zero=net.zero())
        _, height, width, _ = net.tensors[x].shape
        kernel, stride = net.rng.integers(1, 6, 2), net.rng.integers(1, 6, 2)
        dilation = [int(net.rng.integers(1, 3)) if size < 5 else 1 for size in kernel]
        covered = [(int(k) - 1) * d + 1 for k, d in zip(kernel, dilation)]
        padding = int(net.pick(SAME, VALID))
        options = {"padding": padding, "stride_y": int(stride[0]), "stride_x": int(stride[1])}
        options |= {"dilation_y": dilation[0], "dilation_x": dilation[1]}
        out = [windows(size, w, int(s), padding) for size, w, s in zip((height, width), covered, stride)]
        channels = net.tensors[x].shape[3]
        if net.rng.random() < 0.5:
            weight, scale = net.weights((4, *map(int, kernel), channels), 0, True)
            net.layer("CONV_2D", x, weight, scale, (1, *out, 4), **options)
        else:
            each = int(net.pick(1, 2, 4))
            weight, scale = net.weights((1, *map(int, kernel), channels * each), 3, True)
            net.layer("DEPTHWISE_CONV_2D", x, weight, scale, (1, *out, channels * each), multiplier=each, **options)
        same(net, number)


def one_sum(bias: int, weight_scale: float, out_scale: float, zero: int, weight: int = 1) -> Int8File:
    """A layer of one weight and one input of scale 1: its sums are the input's q, times the weight, and the bias."""
    net = Int8File()
    x = net.input((1, 256, 1, 1), scale=1.0)
    operands = [x, net.constant(np.full((2, 1, 1, 1), weight, np.int8), [weight_scale, weight_scale * 0.75])]
    operands.append(net.constant(np.array([bias, -bias], np.int32), [weight_scale, weight_scale * 0.75]))
    options = {"padding": VALID, "stride_y": 1, "stride_x": 1, "dilation_y": 1, "dilation_x": 1, "activation": NONE}
    net.add("CONV_2D", operands, (1, 256, 1, 2), out_scale, zero, **options)
    return net


@pytest.mark.parametrize(
    ("weight_scale", "out_scale", "bias"),
    [
        (1.0, 1.0, 0),  # a factor of 1 exactly
        (0.5, 1.0, 3),  # ties at every other sum
        (0.25, 1.0, 2),
        (0.99999994, 1.0, 0),  # the float32 below 1
        (1.0000001, 1.0, 0),
        (3.0, 1.0, 11),  # shifts to the left
        (100.0, 0.4, 0),
        (1.0, 2.0**-15, 0),
        (1e-8, 1.0, 2_000_000_000),  # dead but for its bias
        (3e-8, 1.0, 1_999_999_999),
        (1e-9, 2.0, (1 << 31) - 40_000),  # multipliers of shift -31 and below
        (1e-12, 1.0, 1 << 30),
        (1e-38, 1.0, 1 << 30),
        (0.0007, 0.31, 20_000),
    ],
)
def test_factors_at_the_ends_of_their_range(weight_scale, out_scale, bias):
    for zero, weight in itertools.product((-128, 0, 127), (1, -127)):
        net = one_sum(bias, weight_scale, out_scale, zero, weight)
        codes = ALL.reshape(1, 1, 256, 1, 1)
        (theirs,) = micro(net.bytes(), codes)
        found = recover(net)
        assert np.array_equal(feed(found, codes).logits.ravel(), theirs.ravel())


def test_groups_of_channels_are_a_convolution_with_zeros_between():
    net = Maker(3)
    x = net.input((1, 5, 5, 6), scale=0.02, zero=-7)
    weight, scale = net.weights((4, 3, 3, 3), 0, True)
    options = {"padding": SAME, "stride_y": 1, "stride_x": 1, "dilation_y": 1, "dilation_x": 1}
    net.layer("CONV_2D", x, weight, scale, (1, 5, 5, 4), **options)
    same(net)


@pytest.mark.parametrize(("per_channel", "rows"), [(False, 1), (True, 1), (False, 6), (True, 6)])
def test_a_fully_connected_layer_works_row_by_row(per_channel, rows):
    for seed in range(6):
        net = Maker(seed)
        x = net.input((1, rows, 20), scale=net.real(0.005, 0.1), zero=net.zero())
        weight, scale = net.weights((7, 20), 0, per_channel)
        net.layer("FULLY_CONNECTED", x, weight, scale, (1, rows, 7) if seed % 2 else (rows, 7))
        if not seed % 2:
            made = len(net.tensors) - 1
            net.reshape(made, (1, rows, 7))
        same(net, seed)


def test_fully_connected_layers_may_round_once():
    net = Maker(9)
    weight, scale = net.weights((200, 32), 0, True)
    net.layer("FULLY_CONNECTED", net.input((1, 32), scale=0.03, zero=-3), weight, scale, (1, 200))
    codes = np.random.default_rng(0).integers(-128, 128, (20, 1, 32)).astype(np.int8)
    twice, once = (feed(recover(net, rounding), codes).logits for rounding in ("double", "single"))
    layer = recover(net, "single").graph.nodes[0]
    assert isinstance(layer, GradedConv)
    sums = (codes[:, 0].astype(np.int64) + 128 - layer.input_zero) @ layer.weight[0, 0].astype(np.int64) + layer.bias
    exact = sums.astype(object) * layer.multiplier.astype(object)
    nearest = [[(value + (1 << (30 - s))) >> (31 - s) for value, s in zip(row, layer.shift.tolist())] for row in exact]
    wanted = np.clip(np.array(nearest, np.int64) + layer.zero, layer.low, layer.high) - 128
    assert np.array_equal(once, wanted)
    assert 0 < (once != twice).mean() < 0.5


@pytest.mark.parametrize("activation", [NONE, RELU, RELU_N1_TO_1, RELU6])
def test_fused_activations_clamp_at_the_code_of_their_ends(activation):
    for scale, zero in itertools.product((0.004, 0.05, 0.31, 7.0), (-128, 3, 127)):
        net = Int8File()
        x = net.input((1, 256), scale=0.07, zero=1)
        net.add("ADD", [x, net.constant(np.array(2, np.int8), 0.05, 0)], (1, 256), scale, zero, activation=activation)
        on_all_codes(net)


# -- sums ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
@pytest.mark.parametrize(
    ("a", "b", "out"), [(0.1, 0.1, 0.2), (0.05, 0.0007, 0.05), (1e-4, 3.0, 2.0), (0.31, 0.77, 0.011), (1.0, 1.0, 1e-5)]
)
def test_sums_of_all_pairs_of_codes(kind, a, b, out):
    for zeros in ((0, 0, 0), (-128, 127, 5), (127, -128, -128)):
        net = Int8File()
        x = net.input((1, 2, 256, 256), scale=a, zero=zeros[0])
        parts = []
        for row in (0, 1):
            begin, end = ([0, row, 0, 0], [1, row + 1, 256, 256])
            operands = [x, *(net.constant(np.array(part, np.int32)) for part in (begin, end, [1, 1, 1, 1]))]
            parts.append(net.add("STRIDED_SLICE", operands, *net.like(x, shape=(1, 1, 256, 256)), begin=0, end=0))
        second = net.add("QUANTIZE", [parts[1]], (1, 1, 256, 256), b, zeros[1])
        net.add(kind, [parts[0], second], (1, 1, 256, 256), out, zeros[2], activation=NONE)
        pairs = np.stack(np.meshgrid(ALL, ALL)).reshape(1, 1, 2, 256, 256).astype(np.int8)
        (theirs,) = micro(net.bytes(), pairs)
        assert np.array_equal(feed(recover(net), pairs).logits.ravel(), theirs.ravel())


# -- tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "TANH", "QUANTIZE"])
def test_tables_of_all_codes(kind):
    rng = np.random.default_rng(1)
    for _ in range(60):
        net = Int8File()
        scale = float(np.float32(10 ** rng.uniform(-4, 0.5 if kind not in ("LOGISTIC", "TANH") else 3)))
        zero = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
        x = net.input((1, 256), scale=scale, zero=zero)
        out = float(np.float32(scale * 10 ** rng.uniform(-0.2 if kind != "HARD_SWISH" else 0, 1)))
        ends = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0), "RELU6": (scale, zero)}
        options = {"alpha": float(rng.choice([0.1, 0.3, 1.5, 0.0, -0.2]))} if kind == "LEAKY_RELU" else {}
        made_scale, made_zero = ends.get(kind, (out, int(rng.integers(-128, 128))))
        net.add(kind, [x], (1, 256), made_scale, made_zero, **options)
        on_all_codes(net)


@pytest.mark.parametrize("channels", [1, 2, 10, 256, 500])
def test_softmax_of_any_scale(channels):
    rng = np.random.default_rng(channels)
    for scale, beta in itertools.product((0.0001, 0.003, 0.05, 0.7, 30.0), (1.0, 0.25, 3.0)):
        net = Int8File()
        x = net.input((1, channels), scale=scale, zero=int(rng.integers(-128, 128)))
        net.add("SOFTMAX", [x], (1, channels), 1 / 256, -128, beta=beta)
        same(net, channels, 6)


def test_an_operator_that_changes_no_code_is_no_node():
    net = Int8File()
    x = net.input((1, 4, 4, 2), "uint8", 0.02, 128)
    x = net.add("QUANTIZE", [x], (1, 4, 4, 2), 0.02, 0)
    x = net.add("RESHAPE", [x, net.constant(np.array([1, 4, 4, 2], np.int32))], *net.like(x))
    net.add("QUANTIZE", [x], (1, 4, 4, 2), 0.02, 128, dtype="uint8")
    same(net)
    assert [node.op for node in recover(net).graph.nodes] == ["codes"]


# -- pools and means -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
def test_pools_of_any_window(kind):
    for seed in range(25):
        net = Maker(seed)
        x = net.input((1, 9, 7, 3), scale=0.05, zero=net.zero())
        size, stride = net.rng.integers(1, 7, 2), net.rng.integers(1, 5, 2)
        padding = int(net.pick(SAME, VALID))
        out = [windows(length, int(w), int(s), padding) for length, w, s in zip((9, 7), size, stride)]
        options = {"padding": padding, "stride_y": int(stride[0]), "stride_x": int(stride[1])}
        options |= {"size_y": int(size[0]), "size_x": int(size[1]), "activation": net.pick(NONE, RELU, RELU6)}
        net.add(kind, [x], *net.like(x, shape=(1, *out, 3)), **options)
        same(net, seed)


@pytest.mark.parametrize(
    ("shape", "axes", "out"),
    [
        ((1, 7, 7, 5), (1, 2), (1, 5)),
        ((1, 7, 7, 5), (2, 1), (1, 1, 1, 5)),
        ((1, 7, 6, 5), (-2,), (1, 7, 5)),
        ((1, 7, 6, 5), (1,), (1, 6, 5)),
        ((1, 7, 6, 5), (3,), (1, 7, 6)),
        ((1, 7, 6, 5), (1, 2, 3), (1,)),
        ((1, 1, 6, 5), (1, 2), (1, 5)),
        ((1, 6, 1, 5), (2,), (1, 6, 5)),
        ((1, 6, 1, 5), (1, 3), (1, 1)),
        ((1, 50, 4), (1,), (1, 4)),
        ((1, 64, 63, 1), (1, 2), (1, 1)),
    ],
)
def test_means_over_neighbouring_axes(shape, axes, out):
    for seed, factor in enumerate((1.0, 0.37, 4.1, 1e-6)):
        net = Maker(seed)
        x = net.input(shape, scale=0.05, zero=net.zero())
        operands = [x, net.constant(np.array(axes, np.int32))]
        net.add("MEAN", operands, out, float(np.float32(0.05 * factor)), net.zero(), keep=len(out) == len(shape))
        same(net, seed)


# -- layout --------------------------------------------------------------------------------------------


def test_what_only_changes_shapes_is_one_reshape():
    net = Int8File()
    x = net.input((1, 6, 1, 4), scale=0.1)
    x = net.add("SQUEEZE", [x], *net.like(x, shape=(6, 4)))
    x = net.add("EXPAND_DIMS", [x, net.constant(np.array(0, np.int32))], *net.like(x, shape=(1, 6, 4)))
    x = net.add("TRANSPOSE", [x, net.constant(np.array([1, 0, 2], np.int32))], *net.like(x, shape=(6, 1, 4)))
    net.add("RESHAPE", [x, net.constant(np.array([1, 24], np.int32))], *net.like(x, shape=(1, 24)))
    same(net)
    assert {node.op for node in recover(net).graph.nodes} == {"reshape", "codes"}


def test_a_shape_that_an_open_batch_leaves_to_be_computed_is_that_of_the_file():
    net = Int8File()
    x = net.input((1, 3, 4, 2), scale=0.1)
    sizes = net.add("SHAPE", [x], (4,), None, dtype="int32")
    ends = [net.constant(np.array([value], np.int32)) for value in (0, 1, 1)]
    batch = net.add("STRIDED_SLICE", [sizes, *ends], (), None, dtype="int32", shrink=1)
    shape = net.add("PACK", [batch, net.constant(np.array(24, np.int32))], (2,), None, dtype="int32", axis=0)
    net.add("RESHAPE", [x, shape], *net.like(x, shape=(1, 24)))
    same(net)
    assert [node.op for node in recover(net).graph.nodes] == ["reshape", "codes"]


@pytest.mark.parametrize(
    ("begin", "end", "step", "masks", "out"),
    [
        ([0, 1, 0, 0], [1, 5, 6, 3], [1, 1, 1, 1], {}, (1, 4, 6, 3)),
        ([0, -3, 1, 0], [1, -1, 6, 3], [1, 1, 2, 1], {}, (1, 2, 3, 3)),
        ([0, 2, 3, 1], [9, 9, 9, 9], [1, 2, 1, 1], {"begin": 4, "end": 12}, (1, 2, 6, 2)),
        ([0, 2, 0, 0], [1, 3, 6, 3], [1, 1, 1, 1], {"shrink": 2}, (1, 6, 3)),
        ([0, 0, 0, -1], [1, 5, 6, 0], [1, 1, 1, 1], {"shrink": 8}, (1, 5, 6)),
    ],
)
def test_slices_that_do_not_change(begin, end, step, masks, out):
    net = Int8File()
    x = net.input((1, 5, 6, 3), scale=0.1, zero=4)
    operands = [x, *(net.constant(np.array(part, np.int32)) for part in (begin, end, step))]
    net.add("STRIDED_SLICE", operands, *net.like(x, shape=out), **masks)
    same(net)


def test_a_slice_by_begin_and_size():
    net = Int8File()
    x = net.input((1, 5, 6, 3), scale=0.1, zero=4)
    operands = [x, net.constant(np.array([0, 1, 2, 0], np.int32)), net.constant(np.array([1, 3, -1, 2], np.int32))]
    net.add("SLICE", operands, *net.like(x, shape=(1, 3, 4, 2)))
    same(net)


@pytest.mark.parametrize(("kernel", "fused"), [(3, True), (1, False)])
def test_padding_in_front_of_a_convolution_is_left_to_it_where_its_window_reaches_over(kernel, fused):
    net = Maker(5)
    x = net.input((1, 6, 6, 2), scale=0.05, zero=-20)
    pairs = net.constant(np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))
    x = net.add("PAD", [x, pairs], *net.like(x, shape=(1, 9, 7, 2)))
    weight, scale = net.weights((4, kernel, kernel, 2), 0, True)
    options = {"padding": VALID, "stride_y": 2, "stride_x": 2, "dilation_y": 1, "dilation_x": 1}
    out = (windows(9, kernel, 2, VALID), windows(7, kernel, 2, VALID))
    net.layer("CONV_2D", x, weight, scale, (1, *out, 4), **options)
    same(net)
    assert any(isinstance(node, Pad) for node in recover(net).graph.nodes) != fused


# -- borders -------------------------------------------------------------------------------------------


def test_float32_numbers_enter_and_leave_as_quantize_and_dequantize_round():
    net = Int8File()
    x = net.input((1, 2048), "float32")
    x = net.add("QUANTIZE", [x], (1, 2048), 0.37, 11)
    x = net.add("RELU", [x], (1, 2048), 0.45, -3)
    net.add("DEQUANTIZE", [x], (1, 2048), None, dtype="float32")
    steps = np.random.default_rng(0).uniform(-150, 150, (1, 1, 2048)) * 0.37
    steps[0, 0, :600] = (np.arange(-300, 300) + 0.5) * 0.37  # as near to halves as float32 comes
    numbers = steps.astype(np.float32)
    (theirs,) = micro(net.bytes(), numbers)
    found = recover(net)
    ours = found.borders[1].decode(feed(found, numbers).logits + 128)
    assert np.array_equal(ours.ravel(), theirs.ravel())
    assert found.borders[0] == Border("float32", float(np.float32(0.37)), 139, (1, 2048))


def test_halves_round_away_from_zero_and_what_is_far_out_stays_at_the_end():
    border = Border("float32", 1.0, 128, (6,))
    numbers = np.array([[0.5, -0.5, 1.5, 0.49999997, 3e38, -3e38]], np.float32)
    assert (border.encode(numbers).astype(int) - 128).tolist() == [[1, -1, 2, 0, 127, -128]]


def test_a_sum_with_one_constant_is_a_table():
    net = Int8File()
    x = net.input((1, 256), scale=0.1, zero=3)
    net.add("SUB", [net.constant(np.array([[9]], np.int8), 0.2, -4), x], (1, 256), 0.15, 7, activation=RELU)
    on_all_codes(net)
    assert isinstance(recover(net).graph.nodes[0], Lookup)
