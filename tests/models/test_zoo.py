"""The shipped models are what their cards say, and convert to themselves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from edge_snn import data
from edge_snn.api import load
from edge_snn.errors import InputError, ToolMissingError
from edge_snn.frontends.conversion import Choices, convert_file
from edge_snn.graph.neuron import Relu
from edge_snn.models import zoo
from edge_snn.plan import build_plan
from edge_snn.reference import run
from tests.int8_oracle import micro


def test_the_reference_models_ship():
    assert {"fashion-mnist", "fashion-mnist-nano", "digits"} <= set(zoo.names())


SHIPPED_TESTS = {"fashion-mnist": "fashion-mnist-1000"}  # of the official images, the part that ships


def images(source, split, shape, limit=None):
    """Images of a model's size; CIFAR-10's may not ship, so they are there or the test is left out."""
    try:
        return data.fit(data.load(source, split, limit), shape)
    except (InputError, ToolMissingError) as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", zoo.names())
def test_converting_the_shipped_tflite_gives_the_shipped_esnn(name):
    card, path = zoo.card(name), zoo.resolve(name, ".tflite")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["tflite_sha256"]
    images(card["calibration"], "train", load(name).input_shape, 256)
    found = convert_file(name, Choices(card["calibration"], 256, name=name))
    assert found.read.checked_inputs == 16
    assert found.made.model.sha256 == load(name).sha256 == card["esnn_sha256"]


@pytest.mark.parametrize("name", zoo.names())
def test_the_shipped_model_is_as_good_and_as_small_as_its_card(name):
    card, made = zoo.card(name), load(name)
    assert made.weight_bytes == card["weight_bytes"]
    assert build_plan(made).arena_bytes == card["arena_bytes"]
    if card.get("kind") == "int8":
        assert card["equal_to_tflite_micro"] == card["test_images"]
        assert card["integer_test_accuracy"] >= card["float_test_accuracy"] - 0.005
    else:
        assert card["mean_rate"] <= 0.15
        assert max(card["rates"].values()) <= 0.30
        assert card["integer_test_accuracy"] >= card["float_test_accuracy"] - 0.003
    shipped = images(SHIPPED_TESTS.get(card["data"], card["data"]), "test", made.input_shape, 1000)
    result = run(made.graph, shipped.x, count_sops=False)
    accuracy = (result.predictions == shipped.y).mean()
    assert abs(accuracy - card["integer_test_accuracy"]) < 0.025  # two and a half standard errors of 1,000 images


@pytest.mark.parametrize("name", [name for name in zoo.names() if zoo.card(name).get("kind") == "int8"])
def test_a_shipped_int8_file_computes_in_tflite_micro_what_its_esnn_does(name):
    made = load(name)
    takes = made.takes
    assert (takes.dtype, takes.scale, takes.zero) == ("int8", 1.0, 0), "pixels would not be codes"
    x = np.random.default_rng(7).integers(0, 256, (20, *made.input_shape), dtype=np.uint8)
    (theirs,) = micro(zoo.resolve(name, ".tflite").read_bytes(), takes.decode(x.reshape(-1, *takes.shape)))
    logits = run(made.graph, x).logits
    assert (theirs.reshape(logits.shape) == logits).all()
    assert np.ptp(logits, axis=0).max() > 3, "outputs hardly differ: the test tests nothing"


@pytest.mark.parametrize("name", zoo.names())
def test_the_card_has_the_instructions_that_were_measured_of_this_very_model(name):
    benchmarks = Path(__file__).parents[2] / "benchmarks" / "results.json"
    measured = json.loads(benchmarks.read_text())["models"][name]
    assert measured["sha256"] == load(name).sha256
    wanted = {core: row["instructions"] for core, row in measured["cores"].items()}
    assert zoo.card(name)["instructions"] == wanted
    assert {"M4", "M55"} <= set(wanted)


def test_fashion_mnist_reaches_its_goals():
    card = zoo.card("fashion-mnist")
    assert card["integer_test_accuracy"] >= 0.925
    assert zoo.card("fashion-mnist-nano")["integer_test_accuracy"] >= 0.88
    assert card["test_images"] == 10_000
    assert load("fashion-mnist").graph.timesteps == 4


def test_k_is_clipped_one_number_a_head():
    relus = [node for node in load("fashion-mnist").graph.nodes if isinstance(node, Relu)]
    assert len(relus) == 2
    for relu in relus:
        heads = relu.clip.reshape(6, 16)
        assert (heads == heads[:, :1]).all()
