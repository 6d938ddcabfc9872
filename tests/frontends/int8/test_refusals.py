"""What cannot be taken is refused with the operator's number, kind and output, and with what to do."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.cli.main import main
from edge_snn.errors import InputError
from edge_snn.frontends import int8, tflite_file
from edge_snn.passes import bounds
from edge_snn.passes.assemble import assemble
from tests.int8_files import VALID, Int8File, random_network
from tests.int8_oracle import recover

CONV = {"padding": VALID, "stride_y": 1, "stride_x": 1, "dilation_y": 1, "dilation_x": 1}


def small(weight_scale=0.02, weight_zero=0, axis=0, **changed) -> Int8File:
    """A network of one convolution; ``changed`` are fields of its parts."""
    net = Int8File()
    x = net.input(changed.get("shape", (1, 4, 4, 2)), changed.get("dtype", "int8"), changed.get("scale", 0.1))
    weight = net.constant(np.ones((3, 2, 2, 2), changed.get("weights", np.int8)), weight_scale, weight_zero, axis)
    bias = net.constant(np.zeros(changed.get("biases", 3), np.int32), 0.002)
    made = changed.get("made", (1, 3, 3, 3))
    net.add("CONV_2D", [x, weight, bias], made, changed.get("out", 0.3), changed.get("zero", 0), **CONV)
    return net


def refused(net: Int8File) -> str:
    """The message of a refusal."""
    with pytest.raises(InputError) as error:
        convert(net)
    return str(error.value)


def convert(net: Int8File) -> None:
    found = recover(net)
    assemble(found.graph, found.scales, found.borders)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"scale": 0.0}, "scale of 0"),
        ({"scale": float("nan")}, "scale of nan"),
        ({"scale": -0.1}, "scale of -0.1"),
        ({"out": float("inf")}, "scale of inf"),
        ({"zero": 128}, "zero point of 128"),
        ({"zero": -129}, "zero point of -129"),
        ({"weight_scale": [0.1, 0.2]}, "2 scales and 2 zero points, 1 or 3 are expected"),
        ({"weight_scale": [0.1, float("inf"), 0.1]}, "scale of inf"),
        ({"weight_zero": 3}, "weights have a zero point of 3"),
        ({"weight_scale": [0.1, 0.2, 0.3], "axis": 3}, "scales along axis 3, axis 0 is expected"),
        ({"weights": np.uint8}, "constant int8 of 4 dimensions"),
        ({"biases": 4}, "its bias is int32 [4]"),
        ({"made": (1, 3, 3, 4)}, "makes [1, 3, 3, 4]"),
        ({"made": (1, 4, 3, 3)}, "makes [1, 4, 3, 3]"),
        ({"shape": (1, 4, 4, 3)}, "takes 2 channels"),
        ({"shape": (2, 4, 4, 2), "made": (2, 3, 3, 3)}, "a batch of 2, 1 is expected"),
        ({"shape": (1, 4, 2)}, "[1, height, width, channels] is expected"),
        ({"scale": 3e38, "out": 1e-30}, "do not fit together"),
        ({"weight_scale": 3000.0, "out": 1e-4}, "may overflow 32 bits"),
        ({"dtype": "uint8"}, "tensor 0 is uint8, int8 is expected"),
        ({"dtype": "float32"}, "computes with float32 numbers"),
    ],
)
def test_a_broken_layer_is_told(changed, told):
    message = refused(small(**changed))
    assert told in message
    assert "made.tflite" in message or "conv1" in message


def test_an_operator_of_another_kind_is_named_with_what_is_taken():
    net = small()
    net.add("MAXIMUM", [3, 3], (1, 3, 3, 3), 0.1)
    message = refused(net)
    assert "operator 1 (MAXIMUM, makes 't4')" in message
    assert "DEPTHWISE_CONV_2D" in message


@pytest.mark.parametrize(
    ("kind", "more", "told"),
    [
        ("TRANSPOSE", {"numbers": [0, 2, 3, 1]}, "it moves elements"),
        ("TRANSPOSE", {"numbers": [0, 2, 2, 1]}, "is none of 4 axes"),
        ("MEAN", {"numbers": [1, 3]}, "neighbours of height, width and channels"),
        ("MEAN", {"numbers": [7]}, "is over axes [7]"),
        ("RESHAPE", {"shape": (1, 3, 3, 4), "numbers": [1, 3, 3, 4]}, "another number of elements"),
        ("SOFTMAX", {"beta": 1.0}, "makes another scale than 1/256"),
        ("LOGISTIC", {"zero": 5}, "another zero point than -128"),
        ("HARD_SWISH", {"scale": 1e-5}, "much finer scale"),
        ("CONCATENATION", {"axis": 4, "activation": 0}, "works along axis 4"),
        ("CONCATENATION", {"axis": 0, "activation": 0}, "height, width or channels are expected"),
        ("CONCATENATION", {"axis": 3, "activation": 1}, "fused activation"),
        ("CONCATENATION", {"axis": 3, "activation": 0, "scale": 0.5}, "different scales"),
        ("PAD", {"numbers": [1, 0, 0, 0, 0, 0, 0, 0], "shape": (2, 3, 3, 3)}, "changes axis 0"),
        ("PAD", {"numbers": [0, 0, 0, -1, 0, 0, 0, 0], "shape": (1, 2, 3, 3)}, "less than 0"),
        ("SLICE", {"numbers": [0, 0, 0, 2]}, "more are expected"),
        ("ADD", {"activation": 4}, "more are expected"),
    ],
)
def test_a_broken_operator_is_told(kind, more, told):
    net = small()
    inputs = [3]
    if "numbers" in more:
        inputs.append(net.constant(np.array(more.pop("numbers"), np.int32)))
    scale, zero = more.pop("scale", 0.3), more.pop("zero", 0)
    net.add(kind, inputs, more.pop("shape", (1, 3, 3, 3)), scale, zero, **more)
    message = refused(net)
    assert told in message
    assert f"operator 1 ({kind}" in message


def test_a_cycle_and_a_tensor_from_nowhere_are_damage():
    for inputs, told in (([4, 1, 2], "before it is made"), ([0, 1, 2], "exists already")):
        net = small()
        net.add("RELU", [3], (1, 3, 3, 3), 0.1)
        kind, _, outputs, options = net.operators[0]
        net.operators[0] = (kind, inputs, outputs if inputs[0] else [0], options)
        with pytest.raises(InputError, match=told):
            recover(net)


def test_several_scales_of_a_float_input_are_told():
    net = Int8File()
    x = net.input((1, 8), "float32")
    a = net.add("QUANTIZE", [x], (1, 8), 0.1)
    b = net.add("QUANTIZE", [x], (1, 8), 0.2)
    net.add("ADD", [a, b], (1, 8), 0.3, activation=0)
    assert "several scales" in refused(net)


def test_float_and_dynamic_range_models_get_the_lines_that_quantise_them(tmp_path):
    for weights, told in ((np.float32, "it is a dense network"), (np.int8, "dynamic range quantisation")):
        net = Int8File()
        x = net.input((1, 4, 4, 2), "float32")
        operands = [x, net.constant(np.ones((3, 2, 2, 2), weights), 0.1 if weights is np.int8 else None)]
        net.add("CONV_2D", operands, (1, 3, 3, 3), None, dtype="float32", activation=0, **CONV)
        path = tmp_path / "m.tflite"
        path.write_bytes(net.bytes())
        with pytest.raises(InputError, match=told) as error:
            frontends.read(path, check=False)
        assert "converter.representative_dataset" in str(error.value)
        assert "edge-snn tflite SOURCE --int8 --calibrate DATA" in str(error.value)


def test_the_command_ends_with_exit_code_2_and_one_message(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(small(scale=0.0).bytes())
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(path), "-o", str(tmp_path / "m.esnn")])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "operator 0 (CONV_2D" in told or "tensor 0" in told
    assert "Traceback" not in told
    assert not (tmp_path / "m.esnn").exists()


def test_a_model_whose_file_tensorflow_refuses_is_converted_with_a_note(tmp_path):
    net = small()
    net.operators[0] = ("CONV_2D", [0, 1], [3], {**CONV, "activation": 0})  # TFLite, other than Micro, wants a bias
    path = tmp_path / "m.tflite"
    path.write_bytes(net.bytes())
    found = frontends.read(path)
    assert found.checked_inputs == 0
    assert "has_bias" in found.notes[0]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Flips bytes, overwrites words, or cuts."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        where = rng.randrange(len(out))
        if rng.random() < 0.5:
            out[where] = rng.randrange(256)
        else:
            word = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FC00000, 0x7F800000, rng.randrange(2**32)])
            out[where : where + 4] = word.to_bytes(4, "little")
    if rng.random() < 0.15:
        del out[rng.randrange(8, len(out)) :]
    return bytes(out)


@pytest.mark.parametrize("chunk", range(4))
def test_damaged_files_end_in_one_message_or_in_a_network(chunk):
    """Most bytes are weights and may be anything; what the rest becomes must be proved like any other."""
    rng = random.Random(chunk)
    refusals: list[str] = []
    started = time.monotonic()
    for number in range(250):
        content = damaged(random_network(number % 10, 3).bytes(), rng)
        try:
            file = tflite_file.parse(content, Path("damaged.tflite"))
            if int8.is_quantised(file):
                bounds.prove(int8.recover(file).graph)
        except InputError as error:
            refusals.append(str(error))
    assert len(refusals) > 50
    assert max(map(len, refusals)) < 2500
    assert time.monotonic() - started < 60
