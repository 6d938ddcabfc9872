"""Convolutions of codes in each of their forms, on each core: every code is the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.plan import GradedConvStep, build_plan, graded_conv
from edge_snn.plan.graded_conv import CONSTANTS, FORMS, ROWS, WIDE
from edge_snn.reference import run
from firmware_gen.codegen import generate
from tests.graded_models import random_codes
from tests.kernels.target import Target, emulated
from tests.kernels.test_codes import CORES, check, inputs


def plan_as(form: str, monkeypatch) -> None:
    """Has all layers planned in one form, whatever it costs."""
    found = (0.0, 0.0) if form == CONSTANTS else (np.inf, np.inf)
    monkeypatch.setattr(graded_conv, "cost", lambda weight, zeros, costs: found)
    if form == WIDE:
        monkeypatch.setattr(graded_conv, "MOST_ENTRY", 0)


@pytest.fixture(params=FORMS)
def form(request, monkeypatch):
    plan_as(request.param, monkeypatch)
    return request.param


def layers(seed: int):
    return random_codes(seed, ("convolution",), 5, 9)


@pytest.mark.parametrize("seed", range(4))
def test_each_form_agrees_with_the_reference(native, form, seed):
    model = layers(seed)
    steps = [step for step in build_plan(model).steps if isinstance(step, GradedConvStep)]
    assert {step.form for step in steps} == {form}
    check(native, model, seed)


def test_each_form_agrees_in_the_portable_kernels(native_portable, form):
    check(native_portable, layers(4), 4)


@pytest.mark.parametrize("capacity", [1, 40])
def test_a_line_that_the_lists_have_no_room_for_is_listed_in_parts(native, monkeypatch, capacity):
    """Even one window at a time."""
    plan_as(ROWS, monkeypatch)
    monkeypatch.setattr(graded_conv, "LIST_BUDGET", capacity)
    for seed in (5, 6):
        check(native, layers(seed), seed)


@pytest.mark.parametrize("core", emulated(CORES))
def test_rows_agree_on_each_core(tmp_path, monkeypatch, core):
    plan_as(ROWS, monkeypatch)
    name, flags = core
    model = layers(7)
    x = inputs(model, 5, 7)
    want = run(model.graph, x)
    made = generate(build_plan(model, name == "M55"), tmp_path / "model")
    target = Target(tmp_path / "target", CORES[name], flags, "model_cases.c", made)
    words = np.frombuffer(target.run(x.tobytes()), "<i4").reshape(len(x), -1)
    assert np.array_equal(words[:, : len(model.classes)], want.logits)
    assert np.array_equal(words[:, len(model.classes) :][:, : made.plan.counters], want.counts)
