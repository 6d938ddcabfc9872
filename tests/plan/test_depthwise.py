"""Depthwise layers: products by few additions, which layers become code, and dead channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_snn.graph.codes import Codes
from edge_snn.graph.depthwise import Depthwise
from edge_snn.plan import build_plan, depthwise
from edge_snn.plan.depthwise import code_bytes, coded_layers, sums_of
from edge_snn.plan.digits import FACTORS, Term, products
from edge_snn.plan.requant import codes_of, plan_requant
from firmware_gen.families.requant import COMPARED, requantise
from tests.graded_models import finished


def value(terms: tuple[Term, ...], factor: int) -> int:
    return sum(term.sign * ((factor if term.multiple else 1) << term.place) for term in terms)


def test_every_weight_is_the_sum_of_its_terms():
    for weight in range(-128, 128):
        found = products([weight])
        assert value(found.terms[0], found.factor) == weight
        assert found.additions <= 4


def test_a_multiple_serves_several_weights():
    found = products([23, 92, -23])
    assert found.factor in FACTORS
    assert [value(terms, found.factor) for terms in found.terms] == [23, 92, -23]
    assert found.additions < 3 * products([23]).additions


def layer(name: str, source: str, channels: int, stride: int = 1, **changes) -> Depthwise:
    rng = np.random.default_rng(len(name))
    weight = rng.integers(-127, 128, (3, 3, channels, 1)).astype(np.int8)
    numbers = np.full(channels, 1 << 30, np.int32), np.full(channels, -8, np.int32)
    values = {"bias": np.zeros(channels, np.int32), "multiplier": numbers[0], "shift": numbers[1], **changes}
    return Depthwise(name, (source,), 0, 0, 255, 0, weight, **values, stride=(stride, stride), padding=(1, 1, 1, 1))


def test_layers_with_the_most_positions_become_code(monkeypatch):
    nodes = [layer("a", "input", 4), layer("b", "a", 4, 2), layer("c", "b", 4)]
    model = finished("three", (8, 8, 4), [*nodes, Codes("end", ("c",), 0)])
    monkeypatch.setattr(depthwise, "CODE_BYTES", code_bytes(nodes[0]) + code_bytes(nodes[1]))
    assert coded_layers(model.graph) == {"a", "b"}
    assert [step.coded for step in build_plan(model).steps if step.kind == "depthwise"] == [True, True, False]


@pytest.mark.parametrize(("slope", "shift"), [((1 << 31) - 1, -31), ((1 << 31) - 1, -30), (1 << 30, -14)])
def test_a_channel_whose_bias_is_huge_is_exact(slope, shift):
    """Its sums lie around a change of the code, far from 0: no digits do, and steps are compared."""
    numbers = {"multiplier": np.array([slope], np.int32), "shift": np.array([shift], np.int32)}
    bias = (1 << 30) if shift < -20 else (1 << 29)
    node = layer("dead", "input", 1, bias=np.array([bias], np.int32), **numbers)
    low, high = sums_of(node)
    (item,) = plan_requant(node, low, high)
    sums = np.unique(np.linspace(low[0], high[0], 2001).astype(np.int64))
    assert np.array_equal(item.run(sums), codes_of(node, sums[None, :])[0])


def test_steps_become_comparisons_or_a_table():
    numbers = {"multiplier": np.array([(1 << 31) - 1], np.int32), "shift": np.array([-31], np.int32)}
    node = layer("steps", "input", 1, bias=np.array([1 << 30], np.int32), **numbers)
    low, high = sums_of(node)
    (item,) = plan_requant(node, low, high)
    assert len(item.steps) == 1
    assert requantise(item) == [f"y = {item.low};", f"y += x >= {item.steps[0]};"]
    many = replace(item, steps=tuple(range(100, 100 + COMPARED + 1)))
    assert "esnn_steps_up_to(steps, x)" in requantise(many)[-1]
