"""The shipped models are what their cards say, and convert to themselves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from edge_snn import data, frontends
from edge_snn.api import load
from edge_snn.errors import InputError, ToolMissingError
from edge_snn.graph.neuron import Relu
from edge_snn.models import zoo
from edge_snn.passes.convert import ConvertOptions, convert
from edge_snn.plan import build_plan
from edge_snn.reference import run


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
    path = zoo.resolve(name, ".tflite")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == zoo.card(name)["tflite_sha256"]
    read = frontends.read(path)
    assert read.checked_inputs == 16
    calibration = images(zoo.card(name)["calibration"], "train", read.graph.image.shape, 256)
    made = convert(read.graph, ConvertOptions(name=name, classes=calibration.classes), calibration.x).model
    assert made.sha256 == load(name).sha256 == zoo.card(name)["esnn_sha256"]


@pytest.mark.parametrize("name", zoo.names())
def test_the_shipped_model_is_as_good_and_as_small_as_its_card(name):
    card, made = zoo.card(name), load(name)
    assert made.weight_bytes == card["weight_bytes"]
    assert build_plan(made).arena_bytes == card["arena_bytes"]
    assert card["mean_rate"] <= 0.15
    assert max(card["rates"].values()) <= 0.30
    assert card["integer_test_accuracy"] >= card["float_test_accuracy"] - 0.003
    shipped = images(SHIPPED_TESTS.get(card["data"], card["data"]), "test", made.input_shape, 1000)
    result = run(made.graph, shipped.x, count_sops=False)
    accuracy = (result.predictions == shipped.y).mean()
    assert abs(accuracy - card["integer_test_accuracy"]) < 0.025  # two and a half standard errors of 1,000 images


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
