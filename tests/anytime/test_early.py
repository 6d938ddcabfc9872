"""Models that may answer early: the firmware's answers, counts and costs are those of the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_snn.anytime.rules import gap
from edge_snn.anytime.run import run_model
from edge_snn.data import Dataset, Samples
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.graph.facts import Early
from edge_snn.graph.graph import INPUT
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.session import Bench, Settings
from edge_snn.harness.session import measure as evaluate
from edge_snn.passes.retime import retime
from edge_snn.plan import build_plan
from edge_snn.profile.measure import measure
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.codegen import generate
from tests.graphs import random_model
from tests.kernels.test_mixed import mixed
from tests.networks import images, model


def early(made: IntegerModel, x: np.ndarray, timesteps: int = 2) -> IntegerModel:
    """The model with a margin that about half of the images reach."""
    gaps = gap(run(retime(made, timesteps).graph, x).logits.astype(np.int64))
    return replace(made, early=Early(timesteps, int(np.median(gaps)) + 1))


def test_the_reference_is_the_shorter_run_or_the_whole_one():
    plain = model()
    x = images(70, plain.input_shape)
    made = early(plain, x)
    done = []
    got = run_model(made, x, done.append)
    assert done == [50, 70]
    short, whole = run(retime(plain, 2).graph, x), run(plain.graph, x)
    sure = gap(short.logits.astype(np.int64)) >= made.early.margin
    assert 20 < sure.sum() < 50
    assert np.array_equal(got.logits, np.where(sure[:, None], short.logits, whole.logits))
    assert np.array_equal(got.counts[~sure], whole.counts[~sure])
    # stage1 is binary: the first two of its four counters; v is ternary: two of +1, none, none, two of -1.
    assert np.array_equal(got.counts[sure][:, :4], np.pad(short.counts[sure][:, :2], ((0, 0), (0, 2))))
    place = 4 * [node.name for node in plain.graph.neurons].index("block0.v.neuron")
    want = short.counts[sure][:, place // 2 : place // 2 + 4]
    assert want.any()
    assert np.array_equal(got.counts[sure][:, [place, place + 1, place + 4, place + 5]], want)
    for name, values in got.sops.items():
        assert np.array_equal(values, short.sops[name] + np.where(sure, 0, whole.sops[name]))
    never = replace(plain, early=Early(3, 2**31 - 1))
    assert np.array_equal(run_model(never, x).logits, whole.logits)
    assert np.array_equal(run_model(plain, x).counts, whole.counts)


@pytest.mark.parametrize("seed", range(24))
def test_random_graphs_answer_early_as_the_reference_does(native, seed):
    plain = random_model(seed)
    if plain.graph.timesteps == 1:
        pytest.skip("one time step")
    x = images(8, plain.input_shape, seed)
    made = early(plain, x, int(np.random.default_rng(seed).integers(1, plain.graph.timesteps)))
    want = run_model(made, x)
    logits, counts = native.run(made, x, vectors=seed % 2 == 1)
    assert np.array_equal(logits, want.logits)
    assert np.array_equal(counts, want.counts)


@pytest.mark.parametrize("choices", [{}, {"width": 32}, {"timesteps": 6}])
def test_transformers_answer_early_as_the_reference_does(native, native_portable, choices):
    plain = model(**choices)
    x = images(12, plain.input_shape, 1)
    made = early(plain, x)
    want = run_model(made, x)
    for library, vectors in ((native, False), (native_portable, False), (native, True)):
        logits, counts = library.run(made, x, vectors)
        assert np.array_equal(logits, want.logits)
        assert np.array_equal(counts, want.counts)


@pytest.mark.parametrize("timesteps", [1, 2, 3])
def test_the_shorter_run_leaves_the_image_alone_and_adds_no_memory(timesteps):
    plain = model(size=14)
    plan = build_plan(replace(plain, early=Early(timesteps, 100)))
    assert plan.early is not None
    image = next(buffer for buffer in plan.buffers if buffer.name == INPUT)
    for buffer in plan.early.plan.buffers:
        apart = buffer.offset + buffer.size <= image.offset or buffer.offset >= image.offset + image.size
        assert apart or buffer.name == INPUT, buffer
    assert plan.early.plan.offset(INPUT) == plan.offset(INPUT)
    if timesteps == 2:
        assert plan.arena_bytes == build_plan(plain).arena_bytes


def test_weights_are_there_once(tmp_path):
    plain = model()
    made = replace(plain, early=Early(2, 100))
    texts = [
        (generate(build_plan(item), tmp_path / item.sha256[:8]).folder / "model.c").read_text()
        for item in (plain, made)
    ]
    for text in texts:
        assert text.count("block0.fc1: linear") == 1
    assert "early_" not in texts[0]
    assert "early_" in texts[1]
    assert len(texts[1]) < 1.8 * len(texts[0])


def test_layers_of_codes_in_front_of_spikes_count_in_either_run(tmp_path):
    plain = mixed(3)
    assert {layer.kind for layer in plain.graph.counted} == {"graded", "binary"}
    x = np.random.default_rng(3).integers(0, 256, (20, *plain.input_shape)).astype(np.uint8)
    made = early(plain, x, 1)
    lead = gap(run(retime(plain, 1).graph, x).logits.astype(np.int64))
    assert 0 < (lead >= made.early.margin).sum() < 20
    found = evaluate(Bench("host", 1), made, Samples(x), tmp_path, settings=Settings())
    assert (found["images"], found["mismatched_logits"], found["mismatched_spike_counts"]) == (20, 0, 0)


def test_the_file_keeps_it_and_the_identity_covers_it(tmp_path):
    plain = model()
    made = replace(plain, early=Early(2, 100))
    assert len({item.sha256 for item in (plain, made, replace(plain, early=Early(2, 101)))}) == 3
    esnn_file.save(made, tmp_path / "m.esnn")
    assert esnn_file.load(tmp_path / "m.esnn").early == Early(2, 100)
    assert retime(made, 3).early is None
    for wrong in (lambda: Early(0, 1), lambda: Early(1, -1), lambda: replace(plain, early=Early(4, 1))):
        with pytest.raises(InputError):
            wrong()


def test_what_needs_all_steps_says_so(tmp_path):
    made = replace(model(), early=Early(2, 100))
    data = Dataset(images(2, made.input_shape), np.zeros(2, np.int64))
    with pytest.raises(InputError, match="a histogram has all steps"):
        measure(made, boards.load("mps2-an386"), data, tmp_path, with_histogram=True)
    with pytest.raises(InputError, match="a trace looks at the run of all time steps"):
        evaluate(Bench("host", 1), made, data, tmp_path, settings=Settings(), trace=True)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["mps2-an386", "microbit"])
def test_a_board_answers_early_and_that_is_what_it_costs(board, tmp_path):
    plain = model()
    x = images(12, plain.input_shape)
    made = early(plain, x)
    data = Dataset(x, np.zeros(12, np.int64))
    each = {}
    for name, item in (("early", made), ("short", retime(plain, 2)), ("whole", plain)):
        found = measure(item, boards.load(board), data, tmp_path / name)
        assert all(row.logits_equal and row.counts_equal for row in found.done.rows)
        each[name] = found.step_instructions.sum(axis=1)
    sure = gap(run(retime(plain, 2).graph, x).logits.astype(np.int64)) >= made.early.margin
    assert 0 < sure.sum() < 12
    want = each["short"] + np.where(sure, 0, each["whole"])
    assert np.allclose(each["early"], want, rtol=0.01)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["mps2-an385", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_two_steps_agree_with_the_reference_on_every_other_core(board, tmp_path):
    made = retime(model(width=32), 2)
    x = images(12, made.input_shape)
    found = measure(made, boards.load(board), Dataset(x, np.zeros(12, np.int64)), tmp_path)
    assert run(made.graph, x).counts.sum() > 0
    assert len(found.done.rows) == 12
    assert all(row.logits_equal and row.counts_equal for row in found.done.rows)
