"""`edge-snn tflite`: what TensorFlow quantises is what a chip's interpreter runs; what could carry code is refused."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from edge_snn.cli.tflite import IO, command
from edge_snn.errors import InputError
from edge_snn.frontends import export, saved_model
from edge_snn.models import export as models_export
from edge_snn.models.export import Quantisation
from tests.int8_oracle import micro

SHAPE = (12, 12, 3)


def pixels(count=40, high=200):
    """Images that nowhere reach 0 or 255."""
    return np.random.default_rng(3).integers(20, high, (count, *SHAPE), dtype=np.uint8)


def call(*arguments):
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def test_the_command_offers_what_the_quantiser_takes():
    assert IO == models_export.IO


def test_the_first_of_some_pixels_spans_the_whole_range():
    """Else the step of the input's codes would depend on the darkest and brightest pixel of the data."""
    first, *others = Quantisation(pixels()).inputs(SHAPE)
    assert first[0].shape == (1, *SHAPE)
    assert (first[0].min(), first[0].max()) == (0, 255)
    assert (first[0][0] != pixels()[0]).sum() == 2
    assert all((other[0][0] == want).all() for other, want in zip(others, pixels()[1:]))


def test_numbers_are_left_as_they_are():
    x = np.linspace(-3, 5, 40, dtype=np.float32).reshape(10, 4)
    assert (np.concatenate([item[0] for item in Quantisation(x).inputs((4,))]) == x).all()


def test_grey_images_without_an_axis_of_channels_fit():
    (only,) = Quantisation(np.zeros((1, 5, 6), np.uint8)).inputs((5, 6, 1))
    assert only[0].shape == (1, 5, 6, 1)


@pytest.mark.parametrize(
    ("samples", "io", "message"),
    [
        (np.zeros((0, 3), np.float32), "int8", "not float32"),
        (np.zeros((4, 3), np.int64), "int8", "not int64"),
        (np.zeros(4, np.uint8), "int8", "not uint8"),
        (np.full((4, 3), np.nan, np.float32), "int8", "not finite"),
        (np.zeros((4, 3), np.uint8), "int16", "one of int8"),
    ],
)
def test_calibration_data_that_cannot_be_is_refused(samples, io, message):
    with pytest.raises(InputError, match=message):
        Quantisation(samples, io)


def test_samples_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"takes 12x12x1, the calibration data is uint8\[40, 12, 12, 3\]"):
        list(Quantisation(pixels()).inputs((12, 12, 1)))


@pytest.mark.parametrize("options", [("--int8",), ("--calibrate", "digits"), ("--io", "uint8")])
def test_options_that_belong_together_are_asked_for(options):
    with pytest.raises(click.UsageError):
        call("m.keras", *options)


def test_a_saved_model_is_told_by_its_content(tmp_path):
    assert not saved_model.is_saved_model(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert saved_model.is_saved_model(tmp_path)


# --- With TensorFlow ---


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder with a small residual network as .keras and as a SavedModel of open batch, and images for it."""
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("export")
    keras.utils.set_random_seed(1)
    image = keras.Input(SHAPE)
    x = keras.layers.Rescaling(1 / 255.0)(image)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    inner = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.ReLU()(keras.layers.Add()([x, keras.layers.BatchNormalization()(inner)]))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(10)(x))
    model.save(folder / "m.keras")
    model.export(folder / "saved", verbose=False)
    np.savez(folder / "train.npz", x_train=pixels())
    return folder


def outputs(path: Path, x: np.ndarray) -> np.ndarray:
    """By TFLite Micro, the interpreter of chips; [N, classes]."""
    (found,) = micro(path.read_bytes(), x[:, None])
    return found[:, 0]


@pytest.mark.train
@pytest.mark.parametrize("source", ["m.keras", "saved"])
def test_pixels_become_codes_of_scale_one(made, tmp_path, source):
    facts = call(made / source, "--int8", "--calibrate", made / "train.npz", "-o", tmp_path / "q.tflite")
    assert facts["input"] == {"dtype": "int8", "shape": [1, *SHAPE], "scale": 1.0, "zero_point": -128}
    assert facts["output"]["dtype"] == "int8"
    assert facts["calibration"] == {"data": str(made / "train.npz"), "inputs": 40}
    floats = call(made / source, "-o", tmp_path / "f.tflite")
    assert floats["input"] == {"dtype": "float32", "shape": [1, *SHAPE]}
    assert floats["calibration"] is None
    x = np.random.default_rng(5).integers(20, 200, (20, *SHAPE), dtype=np.uint8)
    end = facts["output"]
    got = outputs(tmp_path / "q.tflite", (x.astype(np.int16) - 128).astype(np.int8))
    want = outputs(tmp_path / "f.tflite", x.astype(np.float32))
    apart = np.abs((got.astype(np.float64) - end["zero_point"]) * end["scale"] - want).mean()
    assert apart < 0.06 * want.std()
    assert np.ptp(got, axis=0).max() > 3, "outputs hardly differ: the test tests nothing"


@pytest.mark.train
@pytest.mark.parametrize("io", ["uint8", "float32"])
def test_borders_may_be_of_other_types_and_compute_the_same(made, tmp_path, io):
    plain = call(made / "m.keras", "--int8", "--calibrate", made / "train.npz", "-o", tmp_path / "a.tflite")
    facts = call(made / "m.keras", "--int8", "--calibrate", made / "train.npz", "-o", tmp_path / "b.tflite", "--io", io)
    assert facts["input"]["dtype"] == facts["output"]["dtype"] == io
    x = pixels(10, 256)
    want = outputs(tmp_path / "a.tflite", (x.astype(np.int16) - 128).astype(np.int8)).astype(np.int16)
    got = outputs(tmp_path / "b.tflite", x.astype(io))
    if io == "uint8":
        assert (got == want + 128).all()
    else:
        end = plain["output"]
        assert np.allclose(got, (want - end["zero_point"]) * end["scale"], rtol=1e-6)


@pytest.mark.train
def test_inputs_that_are_no_images_are_quantised_by_their_own_range(tmp_path):
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3)])
    model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(1).uniform(-2, 6, (50, 6)).astype(np.float32))
    facts = call(tmp_path / "m.keras", "--int8", "--calibrate", tmp_path / "x.npz")
    assert facts["file"] == str(tmp_path / "m.tflite")
    assert facts["input"]["shape"] == [1, 6]
    assert facts["input"]["scale"] == pytest.approx(8 / 255, rel=0.03)


@pytest.mark.train
def test_data_of_another_shape_is_refused(made, tmp_path):
    with pytest.raises(InputError, match="the model takes 12x12x3, the calibration data is uint8"):
        call(made / "m.keras", "--int8", "--calibrate", "fashion-mnist-calibration", "-o", tmp_path / "q.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.train
def test_what_tensorflow_leaves_in_float_is_told_and_not_written(tmp_path):
    """With TFLITE_BUILTINS_INT8 asked for, ELU stays float32 between DEQUANTIZE and QUANTIZE, without a word."""
    keras = pytest.importorskip("keras")
    keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, "elu"), keras.layers.Dense(3)]).save(
        tmp_path / "m.keras"
    )
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(1).uniform(-2, 6, (50, 6)).astype(np.float32))
    with pytest.raises(InputError, match=r"cannot quantise ELU, and left that in float32(.|\n)*ReLU"):
        call(tmp_path / "m.keras", "--int8", "--calibrate", tmp_path / "x.npz")
    assert not (tmp_path / "m.tflite").exists()


@pytest.mark.train
def test_what_is_no_model_of_one_input_is_refused(tmp_path):
    keras = pytest.importorskip("keras")
    two = [keras.Input((4,)), keras.Input((4,))]
    keras.Model(two, keras.layers.Add()(two)).save(tmp_path / "two.keras")
    keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(2, 3)]).save(tmp_path / "open.keras")
    with pytest.raises(InputError, match="has 2 inputs and 1 outputs"):
        call(tmp_path / "two.keras")
    with pytest.raises(InputError, match="is open; all sizes but the batch must be fixed"):
        call(tmp_path / "open.keras")


def harmful(tf, folder: Path, kind: str) -> Path:
    """A SavedModel whose network does something besides."""

    class Harmful(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
        def __call__(self, x):
            if kind == "WriteFile":
                tf.io.write_file(str(folder / "written"), tf.constant("x"))
            elif kind == "ReadFile":
                x = x + tf.cast(tf.strings.length(tf.io.read_file(str(folder / "secret"))), tf.float32)
            elif kind == "EagerPyFunc":
                x = tf.py_function(lambda value: value, [x], tf.float32)
            elif kind == "SaveV2":
                tf.raw_ops.SaveV2(
                    prefix=str(folder / "written"), tensor_names=["a"], shape_and_slices=[""], tensors=[x]
                )
            return tf.nn.relu(x)

    module = Harmful()
    tf.saved_model.save(module, str(folder / kind), signatures=module.__call__.get_concrete_function())
    return folder / kind


@pytest.mark.train
@pytest.mark.parametrize("kind", ["WriteFile", "ReadFile", "EagerPyFunc", "SaveV2"])
def test_a_saved_model_that_touches_files_or_python_is_refused_unread(tmp_path, kind):
    tf = pytest.importorskip("tensorflow")
    source = harmful(tf, tmp_path, kind)
    with pytest.raises(InputError, match=rf"has the operator '{kind}'.*never loaded"):
        export.to_tflite(source, tmp_path / "m.tflite")
    assert not (tmp_path / "m.tflite").exists()
    assert not list(tmp_path.glob("written*"))


@pytest.mark.train
def test_a_saved_model_with_nothing_but_a_network_passes(tmp_path):
    tf = pytest.importorskip("tensorflow")
    export.to_tflite(harmful(tf, tmp_path, "Relu"), tmp_path / "m.tflite")
    assert (tmp_path / "m.tflite").stat().st_size > 400


@pytest.mark.train
@pytest.mark.parametrize("content", [b"\xff" * 40, b""])
def test_a_damaged_saved_model_is_refused(tmp_path, content):
    pytest.importorskip("tensorflow")
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(InputError, match=r"damaged|holds no graph"):
        export.to_tflite(tmp_path, tmp_path / "m.tflite")


@pytest.mark.train
def test_a_saved_model_that_tensorflow_cannot_convert_says_why(tmp_path):
    tf = pytest.importorskip("tensorflow")

    class Inverse(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 4, 4), tf.float32)])
        def __call__(self, x):
            return tf.linalg.inv(x)

    module = Inverse()
    tf.saved_model.save(module, str(tmp_path / "s"), signatures=module.__call__.get_concrete_function())
    with pytest.raises(InputError, match="MatrixInverse"):
        export.to_tflite(tmp_path / "s", tmp_path / "m.tflite")
