"""Tensors in canonical order: the host's bytes are those of the arena without what fills rows up."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.plan import build_plan
from edge_snn.plan.steps import Spikes, Stream
from edge_snn.plan.trace import TraceTensor, trace_tensors
from edge_snn.reference import run
from tests.graphs import random_model
from tests.networks import images, model


def test_every_output_of_every_step_is_traced_in_order():
    plan = build_plan(model())
    tensors = trace_tensors(plan)
    assert [item.index for item in tensors] == list(range(len(tensors)))
    assert [item.step for item in tensors] == sorted(item.step for item in tensors)
    assert [item.stored for item in tensors] == [stored for step in plan.steps for stored in step.writes]
    assert {item.step for item in tensors} == set(range(len(plan.steps) - 1))  # all but the readout


def test_spikes_in_canonical_order():
    tensor = TraceTensor(0, 0, "layer", Spikes("a", "a", positions=2, channels=10, timesteps=2, ternary=False))
    values = np.zeros((2, 1, 2, 10), np.int8)
    values[0, 0, 0, 0] = values[1, 0, 0, 9] = values[1, 0, 1, 3] = 1
    assert tensor.encode(values).hex(" ", 2) == "0100 0002 0000 0800"
    assert tensor.last_bits == 0b11


def test_ternary_spikes_have_a_row_of_plus_and_a_row_of_minus():
    tensor = TraceTensor(0, 0, "layer", Spikes("a", "a", positions=1, channels=8, timesteps=2, ternary=True))
    values = np.zeros((2, 1, 1, 8), np.int8)
    values[0, 0, 0, 1], values[1, 0, 0, 7] = 1, -1
    assert tensor.encode(values).hex(" ", 1) == "02 00 00 80"


@pytest.mark.parametrize(("wide", "want"), [(False, "0100 feff"), (True, "01000000 feffffff")])
def test_currents_in_canonical_order(wide, want):
    tensor = TraceTensor(0, 0, "layer", Stream("a", "a", positions=1, channels=1, steps=2, wide=wide))
    assert tensor.encode(np.array([1, -2]).reshape(2, 1, 1, 1)).hex(" ", 4 if wide else 2) == want


@pytest.mark.parametrize("seed", range(12))
def test_decoding_gives_back_what_was_encoded(seed):
    made = random_model(seed)
    tensors = trace_tensors(build_plan(made))
    result = run(made.graph, images(1, made.input_shape, seed), keep={item.edge for item in tensors})
    for item in tensors:
        values = result.edges[item.edge][0]
        data = item.encode(values)
        assert len(data) == item.size <= item.stored.size
        back = item.decode(data).transpose(1, 0, 2).reshape(values.shape)
        assert np.array_equal(back, values)
        with pytest.raises(ValueError, match="bytes, not"):
            item.decode(data[:-1])
