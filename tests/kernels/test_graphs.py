"""Generated C equals the integer reference: every logit and every spike count, on any graph."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.plan import build_plan
from edge_snn.reference import run
from tests.graphs import random_model
from tests.networks import images, model


@pytest.mark.parametrize("vectors", [False, True], ids=["scalar", "vectors"])
@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_agree_with_the_reference(native, seed, vectors):
    made = random_model(seed)
    x = images(6, made.input_shape, seed)
    x[0], x[1] = 0, 255
    want = run(made.graph, x)
    logits, counts = native.run(made, x, vectors)
    assert np.array_equal(logits, want.logits)
    assert np.array_equal(counts, want.counts)


@pytest.mark.parametrize("bits", [2, 4])
def test_four_bit_weights_agree_with_the_reference(native, native_portable, bits):
    made = model(size=13, weight_bits=bits)
    steps = [step for step in build_plan(made).steps if getattr(step, "chain", None) is not None]
    assert {step.kind for step in steps if step.chain.nibbles} == {"conv2d", "linear", "attention"}
    x = images(10, made.input_shape, 1)
    want = run(made.graph, x)
    assert want.counts.sum() > 0
    for library in (native, native_portable):
        logits, counts = library.run(made, x)
        assert np.array_equal(logits, want.logits)
        assert np.array_equal(counts, want.counts)


def test_the_random_graphs_exercise_every_kind_of_step():
    kinds = {step.kind for seed in range(40) for step in build_plan(random_model(seed)).steps}
    assert kinds == {"conv2d", "linear", "current", "attention", "max_pool2d", "readout"}


def test_the_random_graphs_exercise_the_vector_kernels():
    steps = [step for seed in range(40) for step in build_plan(random_model(seed), vectors=True).steps]
    taken = [step for step in steps if getattr(step, "vector", None) is not None]
    assert {step.kind for step in taken} >= {"conv2d", "linear"}
    assert any(step.finish.pooled for step in taken)
    assert any(step.finish.residual for step in taken)
    assert any(getattr(step, "pixels", None) is not None for step in build_plan(model(), vectors=True).steps)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"heads": 1},
        {"timesteps": 1},
        {"timesteps": 2},
        {"timesteps": 2, "width": 32},
        {"timesteps": 2, "width": 24, "heads": 3},
        {"width": 24, "heads": 3},
        {"timesteps": 6, "width": 20},
        {"size": 13},
    ],
)
def test_transformers_agree_with_the_reference(native, native_portable, choices):
    made = model(seed=len(choices), **choices)
    x = images(10, made.input_shape, 1)
    want = run(made.graph, x)
    assert want.counts.sum() > 0
    for library, vectors in ((native, False), (native_portable, False), (native, True), (native_portable, True)):
        logits, counts = library.run(made, x, vectors)
        assert np.array_equal(logits, want.logits)
        assert np.array_equal(counts, want.counts)
