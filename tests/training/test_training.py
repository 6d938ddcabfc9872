"""Runs can be stopped and resumed, and learn."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from edge_snn.cli.train import command as train_command
from edge_snn.errors import InputError
from edge_snn.models import preset
from edge_snn.training.augment import augment, mix
from edge_snn.training.recipe import Recipe, Stage
from edge_snn.training.recipes import RECIPES, named


def test_a_stage_is_read_from_text():
    assert Stage.parse("4:6") == Stage(4, 6, 0.002, 0.5, 0.15)
    assert Stage.parse("1:2:0.01:0:0.3") == Stage(1, 2, 0.01, 0.0, 0.3)
    assert Stage.parse("4q4:6") == Stage(4, 6, 0.002, 0.5, 0.15, weight_bits=4)
    assert Stage.parse("4rq2:6") == Stage(4, 6, 0.002, 0.5, 0.15, rate_coded=True, weight_bits=2)
    assert Stage.parse("4r:6:0.01") == Stage(4, 6, 0.01, 0.5, 0.15, rate_coded=True)


@pytest.mark.parametrize(
    "text", ["", "4", "4:x", "9:1", "4:0", "1:1:1:1:1:1", "4:1:-1", "r:1", "4rr:1", "4q:1", "4q1:1", "4q9:1", "4q4r:1"]
)
def test_a_stage_that_makes_no_sense_is_refused(text):
    with pytest.raises(InputError, match="schedule"):
        Stage.parse(text)


def test_the_last_stage_is_one_of_spikes():
    with pytest.raises(InputError, match="rate-coded"):
        Recipe((Stage.parse("1:2"), Stage.parse("4r:3")))


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


def test_erasing_paints_one_square_with_the_mean_in_half_of_the_images():
    x = np.tile(np.array([10, 30], np.uint8), (400, 12, 6))[..., None]
    changed = (augment(x, np.random.default_rng(0), erase=4) == 20)[..., 0]
    sides = [(image.any(axis=1).sum(), image.any(axis=0).sum(), image.sum()) for image in changed]
    assert 120 < sum(count > 0 for *_, count in sides) < 280
    assert all(rows * columns == count and rows <= 4 and columns <= 4 for rows, columns, count in sides)
    assert (4, 4, 16) in sides


def test_mixup_mixes_labels_as_it_mixes_images():
    x = np.arange(6, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 2, 1), np.float32)
    mixed, labels = mix(x, np.eye(6, dtype=np.float32), np.random.default_rng(0), 0.5)
    assert np.allclose(labels @ np.arange(6), mixed[:, 0, 0, 0])
    assert np.allclose(labels.sum(axis=1), 1)
    assert not np.array_equal(mixed, x)


@pytest.mark.parametrize("name", RECIPES)
def test_a_named_recipe_is_of_a_preset_and_ends_at_its_time_steps(name):
    recipe = named(name)
    assert preset(recipe.preset).timesteps == recipe.recipe.stages[-1].timesteps


def test_an_unknown_recipe_is_refused():
    with pytest.raises(InputError, match="no such recipe"):
        named("none")


def command(*arguments):
    return CliRunner().invoke(train_command, ["--preset", "digits", *map(str, arguments)], standalone_mode=False)


def test_a_test_set_is_asked_for_before_training(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((9, 8, 8), np.uint8), y=np.arange(9))
    given = ["--train", tmp_path / "a.npz", "--out", tmp_path / "run", "--score-test"]
    with pytest.raises(InputError, match="needs a test set"):
        raise command(*given).exception
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        raise command(*given, "--test", tmp_path / "none.npz").exception
    np.savez(tmp_path / "b.npz", x=np.zeros((1, 8, 8), np.uint8), y=np.array([10]))
    with pytest.raises(InputError, match="label 10 of image 0"):
        raise command(*given, "--test", tmp_path / "b.npz").exception
    assert not (tmp_path / "run").exists()


@pytest.mark.train
@pytest.mark.parametrize("damage", [{"recipe": []}, {"history": None}, {"history": [{"epoch": 1}]}])
def test_a_damaged_run_is_refused(tmp_path, damage):
    pytest.importorskip("keras")
    from edge_snn.training import checkpoint

    good = {"model": preset("digits").to_json(), "recipe": {"seed": 1}, "history": []}
    checkpoint.write_json(tmp_path / "run.json", {**good, **damage})
    with pytest.raises(InputError, match=r"run\.json: is damaged"):
        raise command("--data", "digits", "--out", tmp_path, "--stage", "4:1", "--resume").exception


def test_a_checkpoint_that_cannot_be_written_is_one_message(tmp_path):
    from edge_snn.training import checkpoint

    with pytest.raises(InputError, match="cannot be written"):
        checkpoint.write_json(tmp_path / "missing" / "run.json", {})


@pytest.mark.train
def test_the_images_that_fill_up_a_batch_do_not_count_and_a_test_set_is_scored_once(tmp_path, monkeypatch):
    pytest.importorskip("keras")
    from edge_snn import data
    from edge_snn.cli import train as cli
    from edge_snn.models.transformer import build, rate_model
    from edge_snn.training import checkpoint, trainer

    model, images = build(preset("digits")), data.load("digits", "test", 30)
    spikes = rate_model(model)(images.x.astype(np.float32), training=False)
    want = [float(np.abs(np.asarray(layer)).mean()) for layer in spikes]
    for batch in (20, 40):
        assert np.allclose(trainer.measure(model, images, batch)[1], want, atol=1e-4)
    run = trainer.Run(preset("digits"), Recipe((Stage.parse("4:1"),)), tmp_path)
    checkpoint.write_arrays(tmp_path / checkpoint.BEST, model.get_weights())
    first = cli._score(run, images)
    real = trainer.measure
    monkeypatch.setattr(trainer, "measure", lambda *_: pytest.fail("scored twice"))
    assert cli._score(run, images) == first
    # Other weights are another file.
    monkeypatch.setattr(trainer, "measure", real)
    checkpoint.write_arrays(tmp_path / checkpoint.BEST, [weight * 0 for weight in model.get_weights()])
    cli._score(run, images)
    assert checkpoint.read_json(tmp_path / "test.json")["weights_sha256"] == checkpoint.digest(
        tmp_path / checkpoint.BEST
    )


@pytest.mark.train
def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    pytest.importorskip("keras")
    from dataclasses import replace

    from edge_snn import data
    from edge_snn.training.trainer import Run, best_model, measure, train

    config = replace(preset("digits"), width=16, stage_channels=(4, 8, 8, 16))
    digits = data.load("digits", "train")
    recipe = Recipe(
        (Stage(2, 3, 0.01, 0.2, 0.2, rate_coded=True), Stage(2, 2, 0.004, 0.2, 0.2)),
        64,
        1,
        shift=0,
        flip=False,
        held_out=200,
    )
    config = config.with_timesteps(2)

    class Stop(Exception):
        pass

    def stop_after(count):
        def report(facts):
            if facts["epoch"] == count:
                raise Stop

        return report

    run = Run(config, recipe, tmp_path, engine="keras")
    with pytest.raises(Stop):
        train(run, digits, stop_after(2))
    resumed = Run(config, recipe, tmp_path, list(run.history), engine="keras")
    train(resumed, digits, lambda facts: None)
    assert [item["epoch"] for item in resumed.history] == [1, 2, 3, 4, 5]
    assert [(item["timesteps"], item["rate_coded"]) for item in resumed.history] == [(2, True)] * 3 + [(2, False)] * 2
    accuracy, rates = measure(best_model(resumed), data.load("digits", "test"))
    assert accuracy > 0.25
    assert len(rates) == 11
