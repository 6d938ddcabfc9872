"""The PyTorch engine computes what the Keras model computes, and its runs can be stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")

from edge_snn import data, frontends  # noqa: E402
from edge_snn.models import preset  # noqa: E402
from edge_snn.models.config import ATTENTION_KINDS  # noqa: E402
from edge_snn.models.export import export_tflite  # noqa: E402
from edge_snn.models.neuron import RateCoded  # noqa: E402
from edge_snn.models.surrogate import ramp  # noqa: E402
from edge_snn.models.transformer import build, rate_model  # noqa: E402
from edge_snn.passes.convert import ConvertOptions, convert  # noqa: E402
from edge_snn.reference import run as integers  # noqa: E402
from edge_snn.training import grid, lowering  # noqa: E402
from edge_snn.training.batches import Batches  # noqa: E402
from edge_snn.training.recipe import Recipe, Stage  # noqa: E402
from edge_snn.training.trainer import Run, best_model, measure, train  # noqa: E402
from tests.networks import images  # noqa: E402


def lively(config, rate_coded=0):
    """A model whose neurons fire and whose BatchNorms have something to take away."""
    keras.utils.set_random_seed(1)
    model = build(config, rate_coded=rate_coded)
    rng = np.random.default_rng(2)
    return model, [w * 3 if w.ndim > 1 else w + rng.uniform(0, 0.3, w.shape).astype("f4") for w in model.get_weights()]


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("pools", "size"), [((4,), (8, 8, 1)), ((1, 3), (7, 7, 2)), ((2, 4), (6, 7, 1))])
def test_the_lowered_model_is_the_keras_model(kind, training, pools, size):
    model, weights = lively(replace(preset("digits"), attention=kind, pools=pools, input_shape=size))
    model.set_weights(weights)
    x = images(8, size).astype(np.float32)
    want = np.asarray(model(x, training=training))
    rates = [float(np.abs(np.asarray(layer)).mean()) for layer in rate_model(model)(x, training=False)]
    forward, _ = lowering.lower(model)
    got, found, statistics = forward([torch.tensor(w) for w in weights], torch.tensor(x), training, torch.float32)
    # A membrane within rounding of its threshold may fall on either side, in an image or two.
    assert (np.abs(got.numpy() - want).max(axis=1) < 1e-3).mean() >= 0.7
    if not training:
        assert np.allclose(found, rates, atol=0.01)
        assert statistics == []


@pytest.mark.parametrize("training", [False, True])
def test_the_lowered_rate_coded_model_is_the_keras_model(training):
    model, weights = lively(preset("digits").with_timesteps(1), rate_coded=4)
    model.set_weights(weights)
    x = images(8, (8, 8, 1)).astype(np.float32)
    forward, _ = lowering.lower(model)
    got, found, _ = forward([torch.tensor(w) for w in weights], torch.tensor(x), training, torch.float32)
    want = np.asarray(model(x, training=training))
    assert (np.abs(got.numpy() - want).max(axis=1) < 1e-3).mean() >= 0.7
    rates = [float(np.abs(np.asarray(layer)).mean()) for layer in rate_model(model)(x, training=training)]
    assert np.allclose(found, rates, atol=0.01)
    assert len(found) == len(model.spike_layers)
    assert max(rates) > 0


@pytest.mark.parametrize("ternary", [False, True])
def test_the_rate_has_the_gradient_of_the_keras_surrogate(ternary):
    tensorflow = pytest.importorskip("tensorflow")
    at = np.linspace(-2.5, 2.5, 101).astype(np.float32)
    x = torch.tensor(at, requires_grad=True)
    lowering._Rate.apply(x, 1.0, ternary, lowering.rate_jumps(4, 0.5)).sum().backward()
    current = tensorflow.constant(at[None])
    with tensorflow.GradientTape() as tape:
        tape.watch(current)
        total = tensorflow.reduce_sum(RateCoded(4, 1.0, ternary)(current, training=True))
    want = np.asarray(tape.gradient(total, current))[0]
    assert np.allclose(x.grad.numpy(), want, atol=1e-5)
    assert want.max() > 0.3


def test_batch_statistics_move_the_weights_that_they_belong_to():
    model, weights = lively(preset("digits"))
    model.set_weights(weights)
    x = images(8, (8, 8, 1)).astype(np.float32)
    forward, moving = lowering.lower(model)
    statistics = forward([torch.tensor(w) for w in weights], torch.tensor(x), True, torch.float32)[2]
    assert [statistics[at].shape == weights[place].shape for at, place in enumerate(moving)] == [True] * len(moving)
    # The first convolution's are exact: no threshold stands before it.
    model(x, training=True)
    moved = model.get_weights()
    for at in (0, 1):
        want = 0.9 * weights[moving[at]] + 0.1 * statistics[at].numpy()
        assert np.allclose(moved[moving[at]], want, rtol=1e-3)


def test_the_spike_has_the_gradient_of_the_keras_surrogate():
    u = torch.linspace(-2.5, 2.5, 101, requires_grad=True)
    lowering._Spike.apply(u, 1.0, True).sum().backward()
    at = np.linspace(-2.5, 2.5, 101).astype(np.float64)

    def soft(x):
        return 0.5 * np.asarray(ramp(x - 1.0)) + 0.5 * np.asarray(ramp(x + 1.0))

    assert np.allclose(u.grad.numpy(), (soft(at + 1e-4) - soft(at - 1e-4)) / 2e-4, atol=1e-2)


@pytest.mark.parametrize("narrow", ["float32", "bfloat16"])
def test_a_stopped_run_of_the_torch_engine_is_the_whole_run(tmp_path, narrow, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    config = replace(preset("digits"), width=16, stage_channels=(4, 8, 8, 16), timesteps=2)
    digits = data.load("digits", "train", 600)
    recipe = Recipe((Stage(1, 2, 0.01, 0.2, 0.2), Stage(2, 2, 0.01, 0.2, 0.2)), 64, 1, shift=0, held_out=200)

    class Stop(Exception):
        pass

    def stop(facts):
        raise Stop

    def made(folder):
        folder.mkdir()
        return Run(config, recipe, folder, engine="torch", narrow=narrow)

    whole = made(tmp_path / "whole")
    train(whole, digits, lambda facts: None)
    run = made(tmp_path / "parts")
    for _ in range(4):
        with pytest.raises(Stop):
            train(run, digits, stop)
    assert [item["timesteps"] for item in run.history] == [1, 1, 2, 2]
    losses = [[item["loss"] for item in one.history] for one in (whole, run)]
    assert np.allclose(*losses, atol=1e-3)
    assert losses[0][-1] < losses[0][0]
    assert all(
        np.allclose(a, b, atol=1e-3) for a, b in zip(best_model(whole).get_weights(), best_model(run).get_weights())
    )
    # The engine's own measure in float32 is Keras's.
    held_out = data.load("digits", "train", 600)
    held_out = data.Dataset(held_out.x[400:], held_out.y[400:])
    best = max(item["held_out_accuracy"] for item in whole.history if item["final_stage"])
    assert abs(measure(best_model(whole), held_out)[0] - best) <= 0.01


def test_images_are_moved_before_they_are_averaged_down():
    x = np.zeros((400, 28, 28, 1), np.uint8)
    x[:, 13, 13] = 255
    batches = Batches(
        data.Dataset(x, np.zeros(400, int)), Recipe((Stage(1, 1, 0.1, 0, 0.5),), 400), (14, 14, 1), 10, 0, 0
    )
    ((small, labels),) = batches
    assert small.shape == (400, 14, 14, 1)
    assert labels.shape == (400, 10)
    assert {tuple(np.argwhere(image[..., 0])[0]) for image in small} >= {(5, 5), (6, 6), (7, 7)}


@pytest.mark.parametrize("size", [(6, 6), (7, 7), (6, 7), (7, 6), (1, 5)])
@pytest.mark.parametrize("window", [2, 3])
def test_the_pool_is_that_of_keras_and_its_gradient_goes_to_the_maximum(size, window):
    rng = np.random.default_rng(3)
    x = rng.permutation(2 * 8 * size[0] * size[1]).reshape(2, *size, 8).astype(np.float32)
    layer = keras.layers.MaxPooling2D(window, 2, padding="same")
    want = np.asarray(layer(x))
    leaf = torch.tensor(x, requires_grad=True)
    got = lowering._max_pool(layer, None, [], [], leaf)
    assert np.array_equal(got.detach().numpy(), want)
    got.sum().backward()  # all values differ, so each window has one maximum
    times = np.zeros(x.shape)
    for value in want.reshape(-1):
        times += x == value
    assert np.array_equal(leaf.grad.numpy(), times)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_few_bits_are_trained_in_the_integers_of_the_converter(bits, tmp_path):
    """What training sees is what the kernels will compute: sums, biases, residues, thresholds, all logits."""
    pytest.importorskip("tensorflow")
    model, weights = lively(preset("digits"))
    x = images(32, (8, 8, 1))
    forward, _ = lowering.lower(model)
    leaves = [torch.tensor(w, requires_grad=True) for w in weights]
    got = forward(leaves, torch.tensor(x.astype(np.float32)), False, torch.float32, bits=bits)[0]
    got.square().sum().backward()
    kernels = [place for place, weight in enumerate(weights) if weight.ndim > 1]
    assert all(float(leaves[place].grad.abs().max()) > 0 for place in kernels)
    got = got.detach().numpy()
    model.set_weights(weights)
    model.set_weights(grid.snapped(model, bits))
    export_tflite(model, tmp_path / "m.tflite")
    made = convert(frontends.read(tmp_path / "m.tflite").graph, ConvertOptions(weight_bits=bits)).model
    logits = integers(made.graph, x).logits * made.edges[made.graph.readout.name].scale
    assert (np.abs(got - logits).max(axis=1) < 1e-3).mean() > 0.95
    assert np.ptp(got, axis=0).min() > 0.1


def test_a_run_of_few_bits_ends_on_their_grid(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    config = replace(preset("digits"), width=16, stage_channels=(4, 8, 8, 16), timesteps=1)
    recipe = Recipe((Stage.parse("1:1:0.01"), Stage.parse("1q3:2:0.01")), 64, held_out=200)
    run = Run(config, recipe, tmp_path, engine="torch")
    train(run, data.load("digits", "train", 600), lambda facts: None)
    assert [item["weight_bits"] for item in run.history] == [0, 3, 3]
    kernels = [weight for weight in best_model(run).get_weights() if weight.ndim > 1]
    levels = [max(len(np.unique(channel)) for channel in k.reshape(-1, k.shape[-1]).T) for k in kernels]
    assert len(levels) > 10
    assert max(levels[1:-1]) <= 7
    assert levels[-1] > 7  # the readout keeps 8 bits
