"""The converter keeps the network's answers, and what it claims to prove is true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.facts import INT16_MAX
from edge_snn.graph.graph import Graph
from edge_snn.graph.neuron import Neuron
from edge_snn.graph.residual import Add
from edge_snn.passes import bounds, neuron
from edge_snn.passes.convert import ConvertOptions, convert
from edge_snn.passes.interval import Interval
from edge_snn.passes.scales import choose, grid_bits
from edge_snn.reference import run
from tests.networks import images, transformer


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_integer_logits_follow_the_float_model(seed):
    graph = transformer(seed)
    x = images(60, graph.image.shape, seed)
    model = convert(graph, calibration=x).model
    real = run(graph, x).logits
    got = run(model.graph, x).logits * model.edges["head"].scale
    error = np.abs(got - real).mean() / real.std()
    assert error < 0.12, f"mean error is {error:.3f} of the logits' spread"


def test_a_channel_with_next_to_no_weights_keeps_its_layer_within_16_bits():
    """It was trained to be silent, or to fire always: its bias decides."""
    graph = transformer(0)
    node = graph.node("block0.q")
    weight, bias = node.weight.copy(), node.bias.copy()
    weight[..., 1] *= 1e-6
    bias[1] = 0.5
    dead = replace(node, weight=weight, bias=bias)
    graph = replace(graph, nodes=tuple(dead if each is node else each for each in graph.nodes))
    x = images(60, graph.image.shape)
    model = convert(graph, calibration=x).model
    behind = next(n for n in model.graph.nodes if isinstance(n, Neuron) and n.inputs == ("block0.q",))
    assert behind.threshold.max() == 8191
    assert model.accumulators[f"{behind.name}.membrane"].bits <= 16
    spikes = run(model.graph, x, keep=(behind.name,)).edges[behind.name][..., 1]
    real = run(graph, x, keep=(behind.name,)).edges[behind.name][..., 1]
    assert np.array_equal(spikes, real)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("timesteps", [1, 4])
def test_no_value_leaves_its_proved_bounds(seed, timesteps):
    graph = transformer(seed, timesteps=timesteps)
    x = images(30, graph.image.shape, seed)
    x[0], x[1] = 0, 255
    model = convert(graph).model
    kept = run(model.graph, x, keep=list(graph.specs)).edges
    assert len(kept) == len(graph.nodes)
    for name, values in kept.items():
        limits = model.edges[name].bounds
        assert limits.low <= values.min(), name
        assert values.max() <= limits.high, name


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    polarity=st.sampled_from(["binary", "ternary"]),
    reset=st.sampled_from(["zero", "subtract", "none"]),
    shifts=st.sampled_from([(1,), (0,), (), (1, 2)]),
)
def test_membranes_stay_within_their_proved_bounds(seed, polarity, reset, shifts):
    rng = np.random.default_rng(seed)
    steps, trials = 4, 400
    low, high = sorted(rng.integers(-300, 300, 2).tolist())
    theta = int(rng.integers(1, 200))
    node = Neuron("n", ("x",), np.array([theta], np.int32), shifts, reset, polarity)
    proved = neuron.bound(node, [Interval(np.array([low]), np.array([high]))], steps).inside["membrane"]
    # Extremes as often as values in between: bounds are reached there.
    x = np.where(rng.random((steps, trials)) < 0.5, rng.choice([low, high], (steps, trials)), 0)
    x = np.where(x == 0, rng.integers(low, high + 1, (steps, trials)), x)
    residue = np.zeros(trials, np.int64)
    for t in range(steps):
        u = residue + x[t]
        assert proved.low[0] <= u.min()
        assert u.max() <= proved.high[0]
        s = (u >= theta).astype(np.int64) - ((u <= -theta) if polarity == "ternary" else 0)
        kept = u - theta * s if reset == "subtract" else u
        residue = sum((kept >> shift for shift in shifts), np.zeros_like(kept))
        if reset == "zero":
            residue[s != 0] = 0


def test_a_residual_stream_has_one_scale_and_fits_16_bits():
    graph = transformer()
    heavy = replace(graph.node("block0.fc2"), weight=graph.node("block0.fc2").weight * 40)
    # A wide fc2 whose weights are all as large as its largest: far beyond 16 bits at full resolution.
    heavy = replace(heavy, weight=np.full_like(heavy.weight, np.abs(heavy.weight).max()))
    heavy = replace(heavy, bias=np.full_like(heavy.bias, heavy.weight.max() * 400))
    graph = Graph("g", 4, graph.image, tuple(heavy if n.name == heavy.name else n for n in graph.nodes))
    result = convert(graph)
    assert sum(result.coarsened.values()) > 0
    stream = [name for name, node in ((n.name, n) for n in graph.nodes) if isinstance(node, Add)]
    scales = [result.model.edges[name].scale for name in stream]
    for name, scale in zip(stream, scales):
        limits = result.model.edges[name].bounds
        assert limits.low >= -INT16_MAX - 1
        assert limits.high <= INT16_MAX
        assert np.array_equal(scale, scales[0])


def test_k_has_one_clip_and_one_scale_a_head():
    graph = transformer(heads=4)
    model = convert(graph, calibration=images(16, graph.image.shape)).model
    clip = model.graph.node("block0.k.relu").clip.reshape(4, 4)
    scale = model.edges["block0.k.relu"].scale.reshape(4, 4)
    assert (clip == clip[:, :1]).all()
    assert (scale == scale[:, :1]).all()
    assert len(set(clip[:, 0].tolist())) > 1


def test_calibration_narrows_what_the_bound_allows():
    graph = transformer()
    free = convert(graph).model
    clipped = convert(graph, calibration=images(32, graph.image.shape)).model
    assert (clipped.graph.node("block0.k.relu").clip <= free.graph.node("block0.k.relu").clip).all()
    assert clipped.edges["block0.attention"].bounds.high < free.edges["block0.attention"].bounds.high


def test_the_scale_of_attention_folds_into_the_threshold_behind_it():
    graph = transformer()
    halved = replace(graph.node("block0.attention"), scale=0.5)
    other = Graph("g", 4, graph.image, tuple(halved if n.name == halved.name else n for n in graph.nodes))
    before = convert(graph).model.graph.node("block0.attention.neuron").threshold
    after = convert(other).model.graph.node("block0.attention.neuron").threshold
    assert np.abs(after - 2 * before).max() <= 1


def test_fewer_bits_mean_smaller_weights():
    graph = convert(transformer(), ConvertOptions(weight_bits=4)).model.graph
    largest = {node.name: int(np.abs(node.weight).max()) for node in graph.nodes if hasattr(node, "weight")}
    # Those of pixels and of the readout are not packed, so they keep their 8 bits.
    whole = {graph.readout.name, *(name for name in largest if graph.node(name).inputs[0] == "input")}
    assert len(whole) == 2
    assert {largest.pop(name) for name in whole} == {127}
    assert max(largest.values()) == 7


def test_the_order_of_attention_is_the_cheaper_one():
    wide, narrow = transformer(heads=1), transformer(heads=2)  # 9 tokens; head width 16 and 8
    assert convert(wide).model.graph.node("block0.attention").order == "qk_v"
    assert convert(narrow).model.graph.node("block0.attention").order == "q_kv"


def test_a_model_that_can_overflow_is_refused_with_layer_and_number():
    graph = transformer()
    huge = replace(graph.node("block0.attention.neuron"), threshold=np.array([1e12], np.float32))
    with pytest.raises(InputError, match=r"block0\.attention\.neuron: a threshold of \d+ LSB does not fit"):
        convert(Graph("g", 4, graph.image, tuple(huge if n.name == huge.name else n for n in graph.nodes)))


def test_bounds_beyond_32_bits_name_the_quantity():
    model = convert(transformer()).model
    relu = model.graph.node("block0.k.relu")
    # K may reach what its layer reaches, so the layer is made to reach far.
    key = model.graph.node("block0.k")
    far = replace(key, bias=np.full_like(key.bias, 1 << 29))
    wide = replace(relu, clip=np.full_like(relu.clip, 1 << 30))
    nodes = tuple({wide.name: wide, far.name: far}.get(node.name, node) for node in model.graph.nodes)
    with pytest.raises(InputError, match=r"block0\.attention.*may overflow 32 bits: proved range"):
        bounds.prove(Graph("g", 4, model.graph.image, nodes, "integer"))


def test_attention_into_a_sum_without_a_neuron_is_refused():
    graph = transformer()
    nodes = [node for node in graph.nodes if node.name != "block0.attention.neuron"]
    nodes = [replace(n, inputs=("block0.attention",)) if n.name == "block0.proj" else n for n in nodes]
    nodes = [Add(n.name, ("rpe.add", "block0.attention")) if n.name == "block0.add1" else n for n in nodes]
    nodes = [n for n in nodes if n.name != "block0.proj"]
    assert any(isinstance(node, Attention) for node in nodes)
    with pytest.raises(InputError, match=r"block0\.attention.*without a neuron between"):
        convert(Graph("g", 4, graph.image, tuple(nodes)))


def test_weights_that_lie_on_a_grid_are_told_from_others():
    graph = transformer()
    assert grid_bits(graph) == 8
    scales = choose(graph, 4).scales
    rounded = tuple(
        replace(node, weight=(np.rint(node.weight / scales[node.name]) * scales[node.name]).astype(np.float32))
        if hasattr(node, "weight") and node is not graph.readout
        else node
        for node in graph.nodes
    )
    assert grid_bits(replace(graph, nodes=rounded)) == 4
