"""One network in the many forms people write it: what is computed counts, not how."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.pool import MaxPool2D
from edge_snn.reference import run
from tests.networks import images

FILES = Path(__file__).parent / "files" / "variants"
GOOD = sorted(path.stem for path in FILES.glob("*.tflite") if not path.stem.startswith("bad-"))


@pytest.mark.parametrize("name", GOOD)
def test_every_form_gives_the_files_spikes_and_logits(name):
    path = FILES / f"{name}.tflite"
    model = frontends.read(path)
    assert model.checked_inputs == 16
    assert model.near_ties == 0
    x = images(4, model.graph.image.shape, 5)
    assert np.abs(run(model.graph, x).logits - frontends.run_float(path, x)).max() < 1e-4


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("attention-")])
def test_attention_is_found_in_every_order_and_orientation(name):
    model = frontends.read(FILES / f"{name}.tflite")
    (node,) = [node for node in model.graph.nodes if isinstance(node, Attention)]
    assert node.inputs == ("block0.q.neuron", "block0.k.relu", "block0.v.neuron")
    assert node.heads == (1 if "one-head" in name else 2)
    assert node.scale == (0.5 if name.split("-")[1] in ("scores", "scaled") else 1.0)
    assert not model.notes, "a silent layer is not checked"


def test_the_order_of_the_products_is_that_of_the_file():
    orders = {}
    for name in ("scores-first", "neuron-per-head"):
        graph = frontends.read(FILES / f"attention-{name}.tflite").graph
        orders[name] = next(node.order for node in graph.nodes if isinstance(node, Attention))
    assert orders == {"scores-first": "qk_v", "neuron-per-head": "q_kv"}


@pytest.mark.parametrize(
    ("name", "theta", "leak", "polarity"),
    [
        ("per-channel", np.float32([0.5, 0.7, 1.0, 1.3]).tolist(), 0.5, "binary"),
        ("leak-11-16", [1.0], 0.6875, "binary"),
        ("leak-0", [1.0], 0.0, "binary"),
        ("by-input-decay", [1.0], 0.5, "binary"),
        ("ternary-t1", [1.0], 0.5, "ternary"),
    ],
)
def test_threshold_and_leak_are_measured(name, theta, leak, polarity):
    (neuron,) = frontends.read(FILES / f"{name}.tflite").graph.neurons
    assert (neuron.threshold.tolist(), neuron.leak, neuron.polarity) == (theta, leak, polarity)


@pytest.mark.parametrize("name", ["pool-lowest", "pool-infinite"])
def test_padding_of_a_pool_is_recovered_exactly(name):
    graph = frontends.read(FILES / f"{name}.tflite").graph
    (pool,) = [node for node in graph.nodes if isinstance(node, MaxPool2D)]
    assert (pool.size, pool.stride, pool.padding) == ((3, 3), (2, 2), (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("leak-close", r"SPLIT.*the leak 0\.5005 is not a sum"),
        ("leak-of-one-step", r"SPLIT.*the leak of step 1 is 0\.25, that of step 0 is 0\.5"),
        ("threshold-of-last-step", r"SPLIT.*the threshold of step 3 is 1\.0001, that of step 0 is 1"),
        ("ternary", r"SPLIT.*the negative threshold is -1\.2, the positive one 1"),
        ("pool-zero", r"MAX_POOL_2D.*its padding of 0 can win a window"),
        ("late-reset", r"SPLIT.*subtracts the threshold after the leak of 0\.5.*\n.*snnTorch's default"),
        ("flattened", r"FULLY_CONNECTED.*flattened to 256 numbers.*\n.*Conv2D\(units, \(8, 8\), padding='valid'\)"),
    ],
)
def test_what_differs_is_refused_with_both_values(name, message):
    with pytest.raises(InputError, match=r"operator \d+ \(" + message):
        frontends.read(FILES / f"bad-{name}.tflite")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("loop-over-time", r"the same weights, once for each time step: put the steps one behind the other"),
        ("dense", r"has no spiking neuron in it .*: it is a dense network"),
        ("one-output", r"has one output.*\n.*two outputs"),
        ("open-batch", r"its batch is open, \[-1, 8, 8, 1\](.|\n)*InputSpec\(\(1, 8, 8, 1\)"),
        ("batch-of-four", r"has a batch of 4, one image is expected"),
        ("vector", r"its input \[1, 4\] is no image"),
    ],
)
def test_what_the_whole_file_is_is_told(name, message):
    with pytest.raises(InputError, match=message) as caught:
        frontends.read(FILES / f"bad-{name}.tflite")
    told = caught.value.diagnostic
    hint = "" if name == "dense" else told.hint  # which says how to quantise it
    assert not re.search(r"attention|quanti|key|current", told.reason + hint)


def test_a_model_trained_on_0_to_1_is_told_what_it_is_given():
    (told,) = frontends.read(FILES / "trained-on-0-to-1.tflite").assumed
    assert "export it with x / 255" in told
    assert frontends.read(FILES / "image-tiled.tflite").assumed == ()


def _torch(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"")


def _saved_model(path: Path) -> None:
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"")


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("m.pt", _torch, r"is a PyTorch file(.|\n)*onnx2tf"),
        ("m.pth", lambda path: path.write_bytes(b"\x80\x02}q\x00."), r"is a Python pickle.*never loaded(.|\n)*onnx2tf"),
        ("m.onnx", lambda path: path.write_bytes(b"\x08\x09\x12\x07pytorch"), r"is an ONNX model(.|\n)*onnx2tf"),
        ("m.h5", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40)), r"Keras's \.h5(.|\n)*\.keras"),
        ("m.nir", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(40)), r"is a NIR graph"),
        ("m.npz", lambda path: np.savez(path, x=np.zeros(2)), r"is an \.npz archive(.|\n)*--calibrate"),
        ("m", _saved_model, r"is a TensorFlow SavedModel(.|\n)*edge-snn tflite m -o"),
        (
            "m.tflite",
            lambda path: path.write_bytes(b"40 bytes of something else altogether.."),
            r"its identifier is missing",
        ),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_to_do(tmp_path, name, make, message):
    make(tmp_path / name)
    with pytest.raises(InputError, match=message):
        frontends.read(tmp_path / name)
