"""Convolutions of codes in each of their forms, on each core: every code is the reference's."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.graph.codes import Codes
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.model import IntegerModel
from edge_snn.plan import GradedConvStep, build_plan, code, graded_conv, nibbles
from edge_snn.plan.graded_conv import CONSTANTS, FORMS, ROWS, TABLE, WIDE
from edge_snn.reference import run
from firmware_gen.build import PACKED_ROWS
from firmware_gen.codegen import generate
from tests.graded_models import finished, quantised, random_codes
from tests.kernels.target import Target, emulated
from tests.kernels.test_codes import CORES, check, inputs

PACKED = [pytest.param((name, (PACKED_ROWS,)), id=f"{name} packed", marks=pytest.mark.qemu) for name in ("M0", "M3")]


def plan_as(form: str, monkeypatch) -> None:
    """Has all layers planned in one form, whatever it costs."""
    found = (0.0, 0.0) if form == CONSTANTS else (np.inf, np.inf)
    monkeypatch.setattr(graded_conv, "cost", lambda weight, zeros, costs: found)
    monkeypatch.setattr(code, "cost", lambda weight, zeros, costs: (np.inf, np.inf))
    if form == WIDE:
        monkeypatch.setattr(graded_conv, "MOST_ENTRY", 0)
    if form == TABLE:  # where lanes and entries have room; rows elsewhere
        monkeypatch.setattr(nibbles, "cost", lambda seen, inputs, blocks, listed, costs: (0.0, 0))


@pytest.fixture(params=FORMS)
def form(request, monkeypatch):
    plan_as(request.param, monkeypatch)
    return request.param


def layers(seed: int) -> IntegerModel:
    return random_codes(seed, ("convolution",), 5, 9)


def forms(model: IntegerModel, armv6m: bool = False) -> set[str]:
    return {step.form for step in build_plan(model, armv6m=armv6m).steps if isinstance(step, GradedConvStep)}


def dense(image: tuple[int, int, int], weight: np.ndarray, padding: int = 0) -> IntegerModel:
    """One layer, of codes that all occur alike; its outputs are weights times codes less 128, by 2^13."""
    multiplier, shift = quantised(2.0**-13)
    outputs = np.ones(weight.shape[-1], np.int32)
    seen = np.ones(256, np.int32)
    conv = GradedConv(
        name="conv",
        inputs=("input",),
        zero=128,
        low=0,
        high=255,
        input_zero=128,
        weight=weight.astype(np.int8),
        bias=0 * outputs,
        multiplier=multiplier * outputs,
        shift=shift * outputs,
        padding=(padding, padding, padding, padding),
        seen=seen,
    )
    return finished("dense", image, [conv, Codes("logits", ("conv",), 0)])


@pytest.mark.parametrize("seed", range(4))
def test_each_form_agrees_with_the_reference(native, form, seed):
    model = layers(seed)
    found = forms(model)
    assert form in found
    assert found <= ({TABLE, ROWS} if form == TABLE else {form})
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


def test_a_dense_first_layer_is_a_table_on_an_m0_only():
    weight = np.random.default_rng(0).integers(-128, 128, (3, 3, 3, 16)) // 2
    model = dense((32, 32, 3), weight, 1)
    assert forms(model, armv6m=True) == {TABLE}
    assert TABLE not in forms(model)
    assert TABLE not in forms(dense((8, 8, 3), weight, 1), armv6m=True)  # its flash is worth more


@pytest.mark.parametrize(("inputs_of", "expected"), [(17, TABLE), (18, ROWS)])
def test_tables_hold_the_largest_sums_that_lanes_do(native, native_portable, monkeypatch, inputs_of, expected):
    plan_as(TABLE, monkeypatch)
    weight = np.full((1, 1, inputs_of, 17), -128)
    weight[..., ::2] = 127
    model = dense((3, 2, inputs_of), weight)
    assert forms(model) == {expected}
    check(native, model, 0)
    check(native_portable, model, 0)


@pytest.mark.parametrize("form", [ROWS, TABLE])
@pytest.mark.parametrize("core", [*emulated(CORES), *PACKED])
def test_rows_agree_on_each_core(tmp_path, monkeypatch, core, form):
    plan_as(form, monkeypatch)
    name, flags = core
    model = layers(7)
    assert form in forms(model)
    x = inputs(model, 5, 7)
    want = run(model.graph, x)
    made = generate(build_plan(model, name == "M55"), tmp_path / "model")
    target = Target(tmp_path / "target", CORES[name], flags, "model_cases.c", made)
    words = np.frombuffer(target.run(x.tobytes()), "<i4").reshape(len(x), -1)
    assert np.array_equal(words[:, : len(model.classes)], want.logits)
    assert np.array_equal(words[:, len(model.classes) :][:, : made.plan.counters], want.counts)
