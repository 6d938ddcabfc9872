"""Runs can be stopped and resumed, and learn."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.training.augment import augment
from edge_snn.training.recipe import Recipe, Stage


def test_a_stage_is_read_from_text():
    assert Stage.parse("4:6") == Stage(4, 6, 0.002, 0.5, 0.15)
    assert Stage.parse("1:2:0.01:0:0.3") == Stage(1, 2, 0.01, 0.0, 0.3)


@pytest.mark.parametrize("text", ["", "4", "4:x", "9:1", "4:0", "1:1:1:1:1:1", "4:1:-1"])
def test_a_stage_that_makes_no_sense_is_refused(text):
    with pytest.raises(InputError, match="schedule"):
        Stage.parse(text)


def test_epochs_belong_to_stages():
    recipe = Recipe((Stage.parse("1:2"), Stage.parse("4:3")))
    assert [recipe.stage_of(epoch) for epoch in range(5)] == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]


def test_augmentation_moves_and_mirrors_whole_images():
    x = np.zeros((200, 9, 9, 1), np.uint8)
    x[:, 4, 3] = 255
    moved = augment(x, np.random.default_rng(0), 2, True)
    places = {tuple(map(int, np.argwhere(image[..., 0])[0])) for image in moved}
    assert (moved.reshape(200, -1) != 0).sum(axis=1).tolist() == [1] * 200
    assert places == {(row, column) for row in range(2, 7) for column in range(1, 8)}


@pytest.mark.train
def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    pytest.importorskip("keras")
    from dataclasses import replace

    from edge_snn import data
    from edge_snn.models import preset
    from edge_snn.training.trainer import Run, best_model, measure, train

    config = replace(preset("digits"), width=16, stage_channels=(4, 8, 8, 16))
    digits = data.load("digits", "train")
    recipe = Recipe(
        (Stage(1, 3, 0.01, 0.2, 0.2), Stage(2, 2, 0.004, 0.2, 0.2)), 64, 1, shift=0, flip=False, held_out=200
    )
    config = config.with_timesteps(2)

    class Stop(Exception):
        pass

    def stop_after(count):
        def report(facts):
            if facts["epoch"] == count:
                raise Stop

        return report

    run = Run(config, recipe, tmp_path)
    with pytest.raises(Stop):
        train(run, digits, stop_after(2))
    resumed = Run(config, recipe, tmp_path, list(run.history))
    train(resumed, digits, lambda facts: None)
    assert [item["epoch"] for item in resumed.history] == [1, 2, 3, 4, 5]
    assert [item["timesteps"] for item in resumed.history] == [1, 1, 1, 2, 2]
    accuracy, rates = measure(best_model(resumed), data.load("digits", "test"))
    assert accuracy > 0.25
    assert len(rates) == 11
