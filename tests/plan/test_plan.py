"""The memory plan never overlaps, and the lowering fuses what it should."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_snn.plan import build_plan, memory
from edge_snn.plan.advice import advice
from edge_snn.plan.memory import Buffer
from edge_snn.plan.pool import spans
from edge_snn.plan.steps import Window
from edge_snn.plan.vector import LINE_BYTES, line_of, windows
from tests.graphs import random_model
from tests.networks import model

buffers = st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 20), st.integers(0, 8)), min_size=1, max_size=25).map(
    lambda rows: [Buffer(f"b{i}", "x", size, first, first + more) for i, (size, first, more) in enumerate(rows)]
)


@settings(max_examples=200, deadline=None)
@given(items=buffers)
def test_live_buffers_never_overlap(items):
    packed = memory.pack(items)
    memory.check(packed)
    peak = max(sum(b.size for b in items if b.first <= step <= b.last) for step in range(30))
    assert peak <= memory.arena_bytes(packed) <= sum(b.size for b in items)
    assert all(buffer.offset % memory.ALIGNMENT == 0 for buffer in packed)


def test_the_check_sees_an_overlap():
    clash = (Buffer("a", "x", 16, 0, 2, 0), Buffer("b", "x", 16, 2, 3, 8))
    with pytest.raises(AssertionError, match="'a' and 'b' overlap"):
        memory.check(clash)


@pytest.mark.parametrize("name", ["fashion-mnist", "fashion-mnist-nano", "digits"])
def test_shipped_models_run_on_vector_kernels_as_a_whole(name):
    from edge_snn.api import load

    steps = build_plan(load(name), vectors=True).steps
    plain = [step.name for step in steps if not getattr(step, "vector", None) and not getattr(step, "pixels", None)]
    assert plain == ["head"]


def test_lines_of_linear_layers_share_out_their_positions():
    for positions, inputs, row_bytes in ((16, 48, 48), (16, 192, 48), (49, 96, 96), (7, 384, 384)):
        count = line_of(positions, inputs, row_bytes)
        assert positions % count == 0
        assert count == 1 or count * (14 * inputs + 8 * row_bytes) <= LINE_BYTES
    assert line_of(16, 32, 32) == 16


def test_windows_of_a_line_know_their_positions():
    pool = Window(((0, 1),), ((0, 1), (0, 2), (1, 1), (1, 1)), 2)  # three wide, two apart
    assert windows(pool) == ((0, 2), (1, 3))
    assert windows(None) == ()


def test_a_residual_stream_stays_in_one_place():
    plan = build_plan(model())
    streams = {w.storage for step in plan.steps for w in step.writes if type(w).__name__ == "Stream"}
    assert streams == {"stage2.pool"}


def test_pooled_spikes_are_never_stored_unpooled():
    names = {buffer.name for buffer in build_plan(model()).buffers}
    assert "stage1.pool" in names
    assert "stage1.neuron" not in names


def test_k_is_never_stored():
    names = {buffer.name for buffer in build_plan(model()).buffers}
    assert not {"block0.k", "block0.k.relu"} & names


@pytest.mark.parametrize("seed", range(30))
def test_every_neuron_is_counted_once(seed):
    made = random_model(seed)
    plan = build_plan(made)
    counted = [name for step in plan.steps for name in step.neurons]
    assert sorted(counted) == sorted(node.name for node in made.graph.neurons)


@given(size=st.integers(1, 20), kernel=st.integers(1, 4), stride=st.integers(1, 3), pad=st.integers(0, 3))
def test_spans_name_the_windows_that_contain_a_place(size, kernel, stride, pad):
    if pad >= kernel or size + 2 * pad < kernel:
        return
    windows = [range(start, start + kernel) for start in range(-pad, size + pad - kernel + 1, stride)]
    for place, (first, count) in enumerate(spans(size, kernel, stride, pad, pad)):
        inside = [index for index, window in enumerate(windows) if place in window]
        assert (inside[0] if inside else 0, len(inside)) == (first, count)


def test_heads_that_no_fast_kernel_takes_are_named():
    assert advice(build_plan(model(width=32, heads=2))) == ()
    (told,) = advice(build_plan(model(width=24, heads=1)))
    assert "heads of 24 channels go through the general kernels" in told
