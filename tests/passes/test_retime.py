"""Another number of time steps changes nothing but the number of time steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.passes import bounds
from edge_snn.passes.convert import convert
from edge_snn.passes.retime import retime, retime_graph
from edge_snn.plan import build_plan
from edge_snn.reference import run
from tests.graphs import random_model
from tests.networks import images, transformer


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), timesteps=st.integers(1, 8))
def test_a_shorter_run_is_the_prefix_of_a_longer_one(seed, timesteps):
    model = random_model(seed)
    assume(model.graph.timesteps > 1)
    x = images(3, model.input_shape, seed)
    longest = retime(model, 8).graph
    made = retime(model, timesteps)
    edges = [node.name for node in made.graph.nodes]
    long, short = run(longest, x, keep=edges).edges, run(made.graph, x, keep=edges)
    for name in edges[:-1]:
        prefix = long[name] if made.graph.specs[name].static else long[name][:, :timesteps]
        assert np.array_equal(short.edges[name], prefix), name
    spikes = long[made.graph.readout.inputs[0]][:, :timesteps]
    counts = np.broadcast_to(spikes, (3, timesteps, *spikes.shape[2:])).sum(axis=(1, 2, 3), dtype=np.int64)
    assert np.array_equal(short.logits, counts @ made.graph.readout.weight.astype(np.int64) + made.graph.readout.bias)


@pytest.mark.parametrize("timesteps", [1, 2, 6, 8])
def test_a_retimed_float_graph_converts_to_the_model_built_for_it(timesteps):
    """The network with the same weights written down for that many steps."""
    x = images(16, transformer().image.shape)
    built = convert(transformer(timesteps=timesteps), calibration=x).model
    made = convert(retime_graph(transformer(), timesteps), calibration=x).model
    assert made.sha256 == built.sha256


@pytest.mark.parametrize("timesteps", [1, 2, 3, 6, 8])
def test_a_retimed_model_is_the_converted_one_but_for_the_rounding_of_its_bias(timesteps):
    """Where both clip K alike. The converter rounds the real bias once; here it was rounded for T = 4 before."""
    x = images(16, transformer().image.shape)
    model = convert(transformer()).model
    wanted = convert(transformer(timesteps=timesteps)).model
    made = retime(model, timesteps)
    off = made.graph.readout.bias.astype(int) - wanted.graph.readout.bias
    assert np.abs(off).max() <= 1 + 0.5 * timesteps / 4
    assert np.array_equal(run(made.graph, x).logits - off, run(wanted.graph, x).logits)
    assert np.allclose(made.edges["head"].scale, wanted.edges["head"].scale, rtol=1e-15)
    assert {name: item.bounds for name, item in made.edges.items() if name != "head"} == {
        name: item.bounds for name, item in wanted.edges.items() if name != "head"
    }


def test_what_is_claimed_is_proved_for_the_new_number_of_steps(tmp_path):
    model = convert(transformer(), calibration=images(16, transformer().image.shape)).model
    for timesteps in (1, 2, 8):
        made = retime(model, timesteps)
        bounds.check(made)
        assert build_plan(made).counters * 4 == build_plan(model).counters * timesteps
        assert made.provenance["source_timesteps"] == 4
        esnn_file.save(made, tmp_path / "m.esnn")
        assert esnn_file.load(tmp_path / "m.esnn").sha256 == made.sha256
    assert retime(made, 4).provenance["source_timesteps"] == 4
    assert retime(model, 4) is model
    ordered = retime(model, 2, images(16, model.input_shape))
    assert {item.order for item in ordered.edges.values()} <= {(), (0, 1), (1, 0)}
    assert any(item.order for item in ordered.edges.values())


def test_one_time_step_says_nothing_about_the_next():
    for graph in (transformer(timesteps=1), convert(transformer(timesteps=1)).model.graph):
        assert retime_graph(graph, 1) is graph
        with pytest.raises(InputError, match="does not show how its neurons leak"):
            retime_graph(graph, 4)


def test_a_bias_that_no_longer_fits_is_refused():
    graph = convert(transformer()).model.graph
    large = replace(graph.readout, bias=np.full(10, 1 << 29, np.int32))
    graph = replace(graph, nodes=(*graph.nodes[:-1], large))
    assert retime_graph(graph, 2).readout.bias[0] == 1 << 28
    with pytest.raises(InputError, match=r"head: a bias of .* does not fit"):
        retime_graph(graph, 8)
