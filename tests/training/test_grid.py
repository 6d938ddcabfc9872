"""Weights of few bits in training are the ones that the converter finds in the exported file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras")

from edge_snn import data, frontends  # noqa: E402
from edge_snn.errors import ToolMissingError  # noqa: E402
from edge_snn.models import preset  # noqa: E402
from edge_snn.models.export import export_tflite  # noqa: E402
from edge_snn.models.transformer import build  # noqa: E402
from edge_snn.passes.convert import ConvertOptions, convert  # noqa: E402
from edge_snn.passes.scales import bits_of, grid_bits  # noqa: E402
from edge_snn.reference import run  # noqa: E402
from edge_snn.training import grid  # noqa: E402
from edge_snn.training.recipe import Recipe, Stage  # noqa: E402
from edge_snn.training.trainer import Run, train  # noqa: E402
from tests.networks import images  # noqa: E402


def lively(seed=4, **choices):
    """A model whose neurons fire and whose BatchNorms have something to take away."""
    keras.utils.set_random_seed(seed)
    model, rng = build(replace(preset("digits"), **choices)), np.random.default_rng(seed)
    model.set_weights(
        [w * 3 if w.ndim > 1 else w + rng.uniform(0, 0.3, w.shape).astype("f4") for w in model.get_weights()]
    )
    return model


@pytest.mark.parametrize("bits", grid.STEPS)
def test_the_steps_err_least_on_a_normal_distribution(bits):
    x = np.linspace(-7, 7, 40001)
    density, limit = np.exp(-x * x / 2), 2 ** (bits - 1) - 1

    def error(step):
        return (density * (np.clip(np.round(x / step), -limit, limit) * step - x) ** 2).sum()

    around = grid.STEPS[bits] * np.linspace(0.8, 1.2, 401)
    best = around[np.argmin([error(step) for step in around])]
    assert abs(best / grid.STEPS[bits] - 1) < 0.01


def rounding_error(model, bits, folder, rounded=True):
    """Largest change that conversion makes to a weight of a layer of spikes, in steps of its grid."""
    export_tflite(model, folder / "m.tflite")
    graph = frontends.read(folder / "m.tflite").graph
    made = convert(graph, ConvertOptions(weight_bits=bits)).model
    assert grid_bits(graph) == (bits if rounded else 8)
    errors = []
    for node in made.graph.nodes:
        if not hasattr(node, "weight") or bits_of(made.graph, node, bits) != bits or node is made.graph.readout:
            continue
        assert np.abs(node.weight).max() <= 2 ** (bits - 1) - 1
        errors.append(np.abs(graph.node(node.name).weight / made.edges[node.name].scale - node.weight).max())
    assert len(errors) > 8
    return max(errors)


@pytest.mark.parametrize(("bits", "attention"), [(2, "ssa"), (4, "a2os2a")])
def test_the_converter_finds_the_rounded_weights_again(bits, attention, tmp_path):
    model = lively(attention=attention)
    model.set_weights(grid.snapped(model, bits))
    assert rounding_error(model, bits, tmp_path) < 1e-3


def test_the_converter_changes_weights_that_are_not_rounded(tmp_path):
    assert rounding_error(lively(), 4, tmp_path, rounded=False) > 0.3


def test_layers_that_meet_in_a_stream_share_scales_and_k_has_one_a_head():
    model = lively(depth=2)
    found = grid.grid_of(model)
    weights = [np.asarray(value, np.float64) for value in model.get_weights()]
    scales, shared = grid.scales(found, weights, 4)
    folded = {}
    for kernel, scale in zip(found.kernels, scales):
        if kernel.norm and not kernel.bits:
            gamma, variance = (weights[place] for place in kernel.norm)
            folded.setdefault(kernel.group, []).append(scale * np.abs(gamma) / np.sqrt(variance + kernel.epsilon))
    for group, members in folded.items():
        assert all(np.allclose(member, shared[group]) for member in members)
    # The stream of the patches: the last convolution, the position embedding, and two layers a block.
    assert max(len(members) for members in folded.values()) == 2 + 2 * 2
    assert len(found.heads) == 2
    for group, heads in found.heads.items():
        assert all(len(set(part)) == 1 for part in shared[group].reshape(heads, -1))
    assert sum(kernel.bits == grid.FULL_BITS for kernel in found.kernels) == 2  # pixels and readout


def test_a_rounded_model_loses_nothing_in_integers(tmp_path):
    model = lively()
    model.set_weights(grid.snapped(model, 3))
    export_tflite(model, tmp_path / "m.tflite")
    x = images(64, (8, 8, 1))
    made = convert(frontends.read(tmp_path / "m.tflite").graph, ConvertOptions(weight_bits=3), x).model
    want = frontends.run_float(tmp_path / "m.tflite", x).argmax(axis=1)
    assert len(set(want.tolist())) > 1
    assert (run(made.graph, x).predictions == want).mean() > 0.9


def test_the_keras_engine_refuses_few_bits(tmp_path):
    recipe = Recipe((Stage.parse("1q4:1"),), 64, held_out=200)
    with pytest.raises(ToolMissingError, match="torch engine"):
        train(
            Run(preset("digits").with_timesteps(1), recipe, tmp_path, engine="keras"),
            data.load("digits", "train", 600),
            lambda facts: None,
        )
