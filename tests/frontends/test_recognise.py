"""Neurons and layers are recognised by what they compute, and what is none is refused by its operator."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_snn import frontends
from edge_snn.errors import InputError, ToolMissingError
from edge_snn.frontends import names, tflite_file
from edge_snn.frontends.recognise import recognise
from edge_snn.frontends.verify import verify
from edge_snn.graph.attention import Attention
from edge_snn.graph.graph import Graph
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.passes.convert import convert
from edge_snn.reference import run
from tests.networks import images

FILES = Path(__file__).parent / "files"


@pytest.mark.parametrize(
    ("name", "timesteps", "theta", "shifts", "reset", "polarity"),
    [
        ("t1", 1, 1.0, (1,), "zero", "binary"),
        ("t2-half", 2, 0.7, (1,), "zero", "binary"),
        ("t3-no-leak", 3, 1.0, (0,), "zero", "binary"),
        ("t4-three-quarters", 4, 1.0, (1, 2), "zero", "binary"),
        ("t4-soft", 4, 1.0, (1,), "subtract", "binary"),
        ("t4-ternary", 4, 1.0, (1,), "zero", "ternary"),
        # u > 1 is u >= the next float above 1.
        ("t4-greater", 4, float(np.nextafter(np.float32(1), np.float32(2))), (1,), "zero", "binary"),
    ],
)
def test_neurons_are_recognised_by_what_they_compute(name, timesteps, theta, shifts, reset, polarity):
    model = frontends.read(FILES / f"{name}.tflite")
    (node,) = model.graph.neurons
    assert model.checked_inputs == 16
    assert model.graph.timesteps == timesteps
    assert node.threshold.tolist() == [np.float32(theta)]
    assert (node.leak_shifts, node.reset, node.polarity) == (shifts, reset, polarity)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bad-uneven", r"operator \d+ \(SPLIT.*the threshold of step 2 is 0.75, that of step 0 is 1"),
        ("bad-leak", r"operator \d+ \(SPLIT.*the leak 0.6 is not a sum"),
        ("bad-sigmoid", r"operator 3 \(LOGISTIC.*is no step of a spiking neuron"),
        ("bad-offset", r"operator \d+ \(CONV_2D.*pads an image that was shifted"),
        ("bad-loop", r"operator \d+ \(WHILE.*the file has 3 subgraphs, one is expected"),
        ("bad-foreign", r"operator \d+ \(MEAN.*has no spiking neuron in it .*: it is a dense network"),
        ("transformer-sdsa", r"operator \d+ \(MUL.*multiplies two computed values"),
    ],
)
def test_what_is_no_such_model_is_refused_by_its_first_operator(name, message):
    with pytest.raises(InputError, match=message):
        frontends.read(FILES / f"{name}.tflite")


def test_the_transformer_is_recovered_whole():
    graph = frontends.read(FILES / "transformer-a2os2a.tflite").graph
    assert len(graph.neurons) == 11
    (attention,) = [node for node in graph.nodes if isinstance(node, Attention)]
    assert attention.heads == 2
    assert attention.inputs == ("block0.q.neuron", "block0.k.relu", "block0.v.neuron")
    assert isinstance(graph.node("block0.k.relu"), Relu)
    value = graph.node("block0.v.neuron")
    assert isinstance(value, Neuron)
    assert value.polarity == "ternary"
    assert graph.node("block0.attention.neuron").threshold.tolist() == [0.5]
    assert {"conv1", "conv4.pool", "add1", "block0.fc1", "block0.proj", "head"} <= set(graph.specs)


def test_spikformer_attention_is_recovered_with_its_scale():
    graph = frontends.read(FILES / "transformer-ssa.tflite").graph
    (attention,) = [node for node in graph.nodes if isinstance(node, Attention)]
    assert attention.scale == 0.125
    assert attention.inputs[1] == "block0.k.neuron"
    x = images(20, graph.image.shape)
    model = convert(graph).model
    agree = (run(graph, x).predictions == run(model.graph, x).predictions).mean()
    assert agree >= 0.8


def test_the_recovered_graph_gives_the_files_logits():
    path = FILES / "transformer-a2os2a.tflite"
    x = images(8, (8, 8, 1), 4)
    ours = run(frontends.read(path).graph, x).logits
    theirs = frontends.run_float(path, x)
    assert np.abs(ours - theirs).max() < 1e-3
    assert np.ptp(theirs) > 0.1


def recovered(name: str):
    file = tflite_file.load(FILES / f"{name}.tflite")
    found = recognise(file)
    graph, renamed = names.rename(found.graph)
    return file, graph, {renamed[old]: where for old, where in found.held.items()}


@pytest.mark.parametrize(
    "change",
    [
        lambda node: replace(node, threshold=node.threshold * np.float32(1.01)),
        lambda node: replace(node, leak_shifts=(2,)),
        lambda node: replace(node, reset="subtract"),
    ],
)
def test_a_graph_that_differs_in_one_neuron_is_refused_by_layer(change):
    file, graph, held = recovered("transformer-a2os2a")
    wrong = change(graph.node("conv2.neuron"))
    nodes = tuple(wrong if node.name == wrong.name else node for node in graph.nodes)
    with pytest.raises(InputError, match=r"layer 'conv2\.neuron'.* of its spikes differ"):
        verify(Graph("g", 4, graph.image, nodes), file, held)


def test_a_graph_with_other_weights_is_refused():
    file, graph, held = recovered("transformer-a2os2a")
    wrong = replace(graph.node("head"), bias=graph.node("head").bias + np.float32(0.5))
    nodes = tuple(wrong if node.name == wrong.name else node for node in graph.nodes)
    with pytest.raises(InputError, match="logits differ"):
        verify(Graph("g", 4, graph.image, nodes), file, held)


def test_keras_files_need_tensorflow_and_say_how_to_do_without(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissingError, match="needs TensorFlow") as caught:
        frontends.read(FILES / "transformer.keras")
    assert "edge-snn tflite transformer.keras" in str(caught.value)


@pytest.mark.parametrize("cut", [30, 5000, 180000])
def test_a_truncated_keras_file_is_refused(tmp_path, cut):
    path = tmp_path / "cut.keras"
    path.write_bytes((FILES / "transformer.keras").read_bytes()[:cut])
    with pytest.raises(InputError, match=r"\.keras file"):
        frontends.read(path)


@pytest.mark.train
def test_keras_and_tflite_give_the_same_graph(tmp_path):
    pytest.importorskip("tensorflow")
    shutil.copy(FILES / "transformer.keras", tmp_path / "m.keras")
    a = frontends.read(tmp_path / "m.keras").graph
    b = frontends.read(FILES / "transformer-a2os2a.tflite").graph
    x = images(4, a.image.shape)
    assert np.array_equal(run(a, x).counts, run(b, x).counts)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        frontends.read(tmp_path / "no.tflite")
