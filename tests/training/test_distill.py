"""A teacher is trained, stopped, loaded, and softens labels by its share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")

from edge_snn import data  # noqa: E402
from edge_snn.errors import InputError  # noqa: E402
from edge_snn.models import preset  # noqa: E402
from edge_snn.training import checkpoint  # noqa: E402
from edge_snn.training.batches import Batches  # noqa: E402
from edge_snn.training.distill import SoftBatches, Teacher  # noqa: E402
from edge_snn.training.recipe import Recipe, Stage  # noqa: E402
from edge_snn.training.trainer import Run, train  # noqa: E402
from tools.train_dense import main  # noqa: E402

SHAPE = (8, 8, 1)


def teach(out, *more):
    arguments = ["--data", "digits", "--width", "8", "--epochs", "6", "--no-flip", "--shift", "0"]
    arguments += ["--held-out", "200", "--narrow", "float32", "--out", str(out), *more]
    return CliRunner().invoke(main, arguments, catch_exceptions=True)


@pytest.fixture(scope="module")
def teacher_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("teacher")
    told = teach(out)
    assert told.exit_code == 0, told.output
    return out


def test_a_teacher_learns_and_its_probabilities_say_so(teacher_run):
    history = checkpoint.read_json(teacher_run / checkpoint.RUN)["history"]
    assert max(item["held_out_accuracy"] for item in history) > 0.9
    held_out = data.load("digits", "train")
    x, y = held_out.x[-200:].astype(np.float32), held_out.y[-200:]
    said = Teacher(teacher_run, SHAPE, 10)(x)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-3)
    assert (said.argmax(axis=1) == y).mean() > 0.9


def test_a_done_teacher_is_not_trained_again_and_another_recipe_is_refused(teacher_run):
    before = checkpoint.digest(teacher_run / checkpoint.BEST)
    assert "epoch" not in teach(teacher_run).output
    assert checkpoint.digest(teacher_run / checkpoint.BEST) == before
    assert isinstance(teach(teacher_run, "--seed", "7").exception, InputError)


def test_a_run_may_begin_with_the_weights_of_another(teacher_run, tmp_path):
    told = teach(tmp_path, "--start", str(teacher_run), "--epochs", "1", "--rate", "0.000001")
    assert told.exit_code == 0, told.output
    before, after = (checkpoint.read_json(run / checkpoint.RUN)["history"] for run in (teacher_run, tmp_path))
    assert after[0]["held_out_accuracy"] == pytest.approx(before[-1]["held_out_accuracy"], abs=0.03)
    assert isinstance(teach(tmp_path / "narrow", "--start", str(teacher_run), "--width", "4").exception, InputError)


def test_a_teacher_of_other_images_or_none_is_refused(teacher_run, tmp_path):
    with pytest.raises(InputError, match="is not one of"):
        Teacher(teacher_run, (28, 28, 1), 10)
    checkpoint.write_json(tmp_path / checkpoint.RUN, {"recipe": {}})
    with pytest.raises(InputError, match="holds no teacher"):
        Teacher(tmp_path, SHAPE, 10)


def test_labels_are_mixed_by_the_share():
    digits = data.load("digits", "train")
    batches = Batches(digits, Recipe((Stage(1, 1, 0.01, 0, 1),), batch=16, shift=0, flip=False), SHAPE, 10, 0, 0)
    uniform = SoftBatches(batches, lambda images: np.full((len(images), 10), 0.1, np.float32), 0.25)
    images, labels = uniform[0]
    assert np.array_equal(images, batches[0][0])
    assert np.allclose(labels, 0.75 * batches[0][1] + 0.025)
    assert len(list(uniform)) == len(uniform) == len(batches)


def test_a_taught_run_trains_and_says_by_whom(teacher_run, tmp_path):
    digits = data.load("digits", "train")
    recipe = Recipe((Stage(1, 1, 0.01, 0.1, 0.2),), batch=64, held_out=200, shift=0, flip=False, taught=0.5)
    config = replace(preset("digits"), timesteps=1)
    run = Run(config, recipe, tmp_path, engine="torch", teacher=teacher_run)
    train(run, digits, lambda facts: None)
    facts = checkpoint.read_json(tmp_path / checkpoint.RUN)
    assert facts["teacher"].endswith(checkpoint.digest(teacher_run / checkpoint.BEST))
    with pytest.raises(InputError, match="go together"):
        train(Run(config, replace(recipe, taught=0.0), tmp_path / "b", teacher=teacher_run), digits, lambda facts: None)
