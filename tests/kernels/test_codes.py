"""Generated C of networks of codes equals the integer reference, byte by byte, in every form and on every core."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.graph.codes import Codes
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded_pool import GradedPool
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.softmax import Softmax
from edge_snn.plan import build_plan, depthwise
from edge_snn.reference import run
from firmware_gen.codegen import generate
from tests.graded_models import OPERATIONS, finished, random_codes
from tests.kernels.target import Target, emulated

CORES = {
    "M0": "microbit",
    "M3": "mps2-an385",
    "M4": "mps2-an386",
    "M7": "mps2-an500",
    "M33": "mps2-an505",
    "M55": "mps3-an547",
}


def inputs(model: IntegerModel, count: int, seed: int) -> np.ndarray:
    """Codes: all alike, at the ends, of a few values, and any."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (count, *model.input_shape))
    x[0], x[1] = 0, 255
    x[2] = rng.choice([127, 128, 129], x[2].shape)
    return x.astype(np.uint8)


def check(library, model: IntegerModel, seed: int, vectors: bool = False) -> None:
    x = inputs(model, 6, seed)
    want = run(model.graph, x)
    logits, counts = library.run(model, x, vectors)
    assert np.array_equal(logits, want.logits)
    assert np.array_equal(counts, want.counts)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_of_codes_agree_with_the_reference(native, seed):
    check(native, random_codes(seed), seed)


@pytest.mark.parametrize("seed", range(12, 15))
def test_random_networks_of_codes_agree_in_the_portable_form(native_portable, seed):
    check(native_portable, random_codes(seed), seed)


@pytest.mark.parametrize("kind", OPERATIONS)
def test_each_operation_agrees_with_the_reference(native, kind):
    check(native, random_codes(100, (kind,), 16), 100)


@pytest.mark.parametrize("seed", range(3))
def test_depthwise_layers_without_room_for_code_agree_with_the_reference(monkeypatch, native, seed):
    monkeypatch.setattr(depthwise, "CODE_BYTES", 0)
    model = random_codes(200 + seed, ("depthwise",), 10)
    assert not all(step.coded for step in build_plan(model).steps if step.kind == "depthwise")
    check(native, model, seed)


@pytest.mark.parametrize("stride", [(1, 1), (1, 2)])
def test_sums_of_large_planes_are_kept_in_parts(monkeypatch, native, stride):
    monkeypatch.setattr(depthwise, "CODE_BYTES", 0)
    rng = np.random.default_rng(stride[1])
    weight = rng.integers(-128, 128, (3, 3, 2, 2)).astype(np.int8)
    numbers = np.full(4, 1 << 30, np.int32), np.full(4, -8, np.int32)
    window = {"stride": stride, "padding": (1, 1, 1, 1)}
    node = Depthwise("large", ("input",), 3, 3, 250, 7, weight, np.arange(4, dtype=np.int32), *numbers, **window)
    model = finished("large", (24, 22, 2), [node, Codes("end", ("large",), 0)])
    (step, _) = build_plan(model).steps
    assert 1 < step.lines < step.out[0]
    check(native, model, 1)


@pytest.mark.parametrize(("image", "size"), [((2, 256, 4), (2, 256)), ((20, 20, 4), (20, 20)), ((20, 20, 3), (19, 20))])
def test_averages_of_more_codes_than_16_bits_hold(native, image, size):
    node = GradedPool("pool", ("input",), 0, 0, 255, "average", size, (1, 1))
    check(native, finished("large", image, [node, Codes("end", ("pool",), 0)]), 1)


@pytest.mark.parametrize("channels", [400, 600, 2000])
def test_softmax_of_many_channels_that_are_alike(native, channels):
    """Their shares round to 0: the quotient is shifted by 31 bits and more."""
    node = Softmax("softmax", ("input",), 0, 1 << 30, 20, -250)
    check(native, finished("alike", (1, 1, channels), [node, Codes("end", ("softmax",), 0)]), 1)


def test_the_random_networks_exercise_every_kind_of_step():
    kinds = {step.kind for seed in range(12) for step in build_plan(random_codes(seed)).steps}
    assert kinds == {
        "lookup",
        "depthwise",
        "graded_add",
        "layout",
        "graded_pool",
        "graded_mean",
        "softmax",
        "codes",
    } | {"graded_conv"}


@pytest.mark.parametrize("core", emulated(CORES))
@pytest.mark.parametrize("seed", [1, 2])
def test_each_core_agrees_with_the_reference(tmp_path, core, seed):
    name, flags = core
    model = random_codes(seed)
    x = inputs(model, 6, seed)
    want = run(model.graph, x)
    vectors = name == "M55"
    made = generate(build_plan(model, vectors), tmp_path / "model")
    target = Target(tmp_path / "target", CORES[name], flags, "model_cases.c", made)
    words = np.frombuffer(target.run(x.tobytes()), "<i4").reshape(len(x), -1)
    assert np.array_equal(words[:, : len(model.classes)], want.logits)
    assert np.array_equal(words[:, len(model.classes) :][:, : made.plan.counters], want.counts)
