"""``edge-snn anytime`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge_snn.api import load
from edge_snn.cli.anytime import command
from edge_snn.cli.convert import command as convert
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.passes.retime import retime
from tests.networks import images, model

FILES = Path(__file__).parents[1] / "frontends" / "files"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anytime")
    made = model()
    esnn_file.save(made, folder / "small.esnn")
    esnn_file.save(retime(made, 1), folder / "one.esnn")
    x = images(40, made.input_shape)
    np.savez(folder / "data.npz", x_train=x[:30], y_train=np.arange(30) % 10, x_test=x[30:], y_test=np.arange(10) % 10)
    np.savez(folder / "same.npz", x=x, y=np.arange(40) % 10)
    return folder


def call(place, *arguments):
    return CliRunner().invoke(
        command, [str(place / item) if item.endswith(("esnn", "npz")) else item for item in arguments]
    )


def test_the_table_and_its_json(place):
    arguments = ("small.esnn", "--data", "data.npz", "--validation", "data.npz", "--held-out", "20")
    done = call(place, *arguments, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert [row["timesteps"] for row in facts["timesteps"]] == [1, 2, 4, 6, 8]
    assert facts["validation"]["images"] == 20
    assert [item["schedule"] for item in facts["schedules"]] == [[1, 3], [2, 2], [3, 1], [1, 1, 1, 1]]
    assert all(item["margin"]["validation"]["ended"] for item in facts["schedules"])
    text = call(place, *arguments, "--schedule", "2+2", "--timesteps", "4").stdout
    assert "trained for T = 4" in text
    assert "2+2" in text
    assert "1+3" not in text


def test_without_validation_images_there_is_no_margin(place):
    done = call(place, "small.esnn", "--data", "same.npz", "--limit", "5", "--schedule", "1+3")
    assert done.exit_code == 0
    assert "give --validation" in done.stdout


def test_convert_makes_models_of_other_steps_and_models_that_answer_early(place):
    source = str(FILES / "t2-half.tflite")
    for options, timesteps, early in (
        ((), 2, None),
        (("--timesteps", "4"), 4, None),
        (("--timesteps", "8", "--early", "3:20"), 8, {"timesteps": 3, "margin": 20}),
    ):
        done = CliRunner().invoke(convert, [source, "-o", str(place / "c.esnn"), "--json", *options])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["early"] == early
        made = load(place / "c.esnn")
        assert made.graph.timesteps == timesteps
        assert (made.early and {"timesteps": made.early.timesteps, "margin": made.early.margin}) == early
        assert made.provenance.get("source_timesteps") == (None if timesteps == 2 else 2)
    for wrong, message in (
        (("--early", "2"), "must be T:MARGIN"),
        (("--early", "2:-1"), "must be T:MARGIN"),
        (("--early", "2:5"), "must come before all 2 time steps"),
    ):
        done = CliRunner().invoke(convert, [source, "-o", str(place / "d.esnn"), *wrong])
        assert isinstance(done.exception, InputError)
        assert message in str(done.exception)
        assert not (place / "d.esnn").exists()
    done = CliRunner().invoke(convert, [str(FILES / "t1.tflite"), "-o", str(place / "d.esnn"), "--timesteps", "4"])
    assert "does not show how its neurons leak" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small.esnn", "--data", "same.npz", "--validation", "same.npz"), "are among the images of --data"),
        (("small.esnn", "--data", "same.npz", "--schedule", "2+3"), "not one of 4 time steps"),
        (("small.esnn", "--data", "same.npz", "--timesteps", "1,9"), "time steps must be numbers from 1 to 8"),
        (("one.esnn", "--data", "same.npz"), "does not show how its neurons leak"),
    ],
)
def test_bad_input_is_named(place, arguments, message):
    done = call(place, *arguments)
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
