"""The Keras model is the paper's: neurons step by step, parameters, and an export that computes the same."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras")

from dataclasses import replace  # noqa: E402

from edge_snn import frontends  # noqa: E402
from edge_snn.errors import InputError  # noqa: E402
from edge_snn.graph.neuron import Neuron  # noqa: E402
from edge_snn.models import preset  # noqa: E402
from edge_snn.models.config import ATTENTION_KINDS  # noqa: E402
from edge_snn.models.export import export_tflite  # noqa: E402
from edge_snn.models.neuron import LIF, RateCoded  # noqa: E402
from edge_snn.models.transformer import build, rate_model  # noqa: E402
from edge_snn.passes.convert import convert  # noqa: E402
from edge_snn.passes.retime import retime_graph  # noqa: E402
from edge_snn.reference import run  # noqa: E402
from edge_snn.reference.neuron import run_neuron  # noqa: E402
from tests.networks import images  # noqa: E402


@pytest.mark.parametrize("ternary", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_the_neuron_is_that_of_the_paper(ternary, training):
    x = np.random.default_rng(0).normal(0, 1.5, (4 * 3, 5)).astype(np.float32)
    got = np.asarray(LIF(4, 1.0, ternary)(x, training=training))
    node = Neuron("n", ("x",), np.array([1.0], np.float32), polarity="ternary" if ternary else "binary")
    steps = x.reshape(4, 3, 1, 1, 5).transpose(1, 0, 2, 3, 4)
    want = run_neuron(node, [steps], "float", 4).transpose(1, 0, 2, 3, 4).reshape(12, 5)
    assert np.array_equal(np.rint(got), want)


@pytest.mark.parametrize("ternary", [False, True])
@pytest.mark.parametrize("steps", range(1, 9))
@pytest.mark.parametrize("threshold", [1.0, 0.25])
def test_a_rate_coded_neuron_gives_the_rate_of_a_constant_current(steps, ternary, threshold):
    current = np.random.default_rng(steps).uniform(-2 * threshold, 2 * threshold, (1, 4000)).astype(np.float32)
    spikes = np.asarray(LIF(steps, threshold, ternary)(np.concatenate([current] * steps)))
    want = spikes.reshape(steps, -1).mean(axis=0)
    for training in (False, True):
        got = np.asarray(RateCoded(steps, threshold, ternary)(current, training=training))[0]
        assert np.allclose(got, want, atol=1e-5)
    assert len(np.unique(want.round(6))) > (1 if steps == 1 else 2)


def test_the_surrogate_passes_a_gradient():
    tensorflow = pytest.importorskip("tensorflow")
    x = tensorflow.constant(np.full((4, 3), 0.6, np.float32))
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        loss = tensorflow.reduce_sum(LIF(4)(x, training=True))
    assert float(tensorflow.reduce_sum(tensorflow.abs(tape.gradient(loss, x)))) > 0


@pytest.mark.parametrize("name", ["digits", "fashion-mnist", "fashion-mnist-nano"])
def test_counted_parameters_are_those_of_keras(name):
    model = build(preset(name))
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == preset(name).parameters


@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_all_attentions_run(kind):
    model = build(replace(preset("digits"), attention=kind), rate_weight=1.0)
    assert model(images(2, (8, 8, 1)).astype(np.float32), training=True).shape == (2, 10)
    assert len(model.losses) == 1


def test_the_export_computes_what_keras_computes(tmp_path):
    keras.utils.set_random_seed(1)
    model = build(preset("digits"))
    model.set_weights([w * 4 if w.ndim > 1 else w for w in model.get_weights()])
    x = images(16, (8, 8, 1))
    want = np.asarray(model(x.astype(np.float32), training=False))
    spikes = [np.asarray(layer) for layer in rate_model(model)(x.astype(np.float32), training=False)]
    assert min(layer.mean() for layer in map(np.abs, spikes)) > 0.001
    path = tmp_path / "m.tflite"
    export_tflite(model, path)
    got = frontends.run_float(path, x)
    # A membrane that sits on its threshold may round to either side, in one image or two.
    assert (np.abs(got - want).max(axis=1) < 1e-3).mean() >= 0.85
    assert frontends.read(path).checked_inputs == 16


def test_a_foreign_keras_model_is_refused_under_its_own_name(tmp_path):
    """Not under that of the file it is exported to in between, which nobody finds again."""
    path = tmp_path / "mlp.keras"
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    keras.Sequential(layers).save(path)
    with pytest.raises(InputError, match=r"operator 0 \(RESHAPE.*has no spiking neuron") as caught:
        frontends.read(path)
    assert str(caught.value).startswith(f"{path} (exported to .tflite): operator 0")


@pytest.mark.parametrize("timesteps", [1, 2, 6])
def test_a_retimed_model_is_the_keras_model_built_for_that_many_steps(tmp_path, timesteps):
    """`convert --timesteps`: the same weights, exported for another T, become the same integer model."""
    keras.utils.set_random_seed(2)
    config = preset("digits")
    trained = build(config)
    trained.set_weights([w * 4 if w.ndim > 1 else w for w in trained.get_weights()])
    built = build(config.with_timesteps(timesteps))
    built.set_weights(trained.get_weights())
    x = images(32, (8, 8, 1))
    made = {}
    for model, path in ((trained, tmp_path / "trained.tflite"), (built, tmp_path / "built.tflite")):
        export_tflite(model, path)
        made[path.stem] = convert(retime_graph(frontends.read(path).graph, timesteps), calibration=x).model
    assert made["trained"].sha256 == made["built"].sha256
    assert np.abs(run(made["built"].graph, x).counts).sum() > 0
