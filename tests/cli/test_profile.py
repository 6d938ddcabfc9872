"""``edge-snn profile`` as a user types it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from edge_snn.cli.main import main
from edge_snn.graph import esnn_file
from edge_snn.plan import build_plan
from firmware_gen import codegen
from tests.cli.test_cli import call
from tests.networks import images, model

pytestmark = pytest.mark.qemu


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    made = model()
    esnn_file.save(made, folder / "small.esnn")
    np.savez(folder / "small.npz", x=images(4, made.input_shape), y=np.arange(4))
    return folder


def profile(place, *more, board="mps2-an386"):
    return call("profile", "--emulate", board, "--model", "small.esnn", "--data", "small.npz", *more, cwd=place)


def test_instructions_a_layer_as_json(place):
    done = profile(place, "--limit", "3", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["board"], report["core"], report["images"], report["stopped"]) == ("mps2-an386", "Cortex-M4", 3, "")
    assert (report["mismatched_images"], report["resolution"]) == (0, 1)
    layers, total = report["layers"], report["total"]
    assert total["instructions"] == pytest.approx(sum(layer["instructions"] for layer in layers), abs=len(layers))
    assert sum(layer["share"] for layer in layers) == pytest.approx(1, abs=1e-4)
    assert sum(layer["dense_macs"] for layer in layers) == total["dense_macs"]
    assert total["min"] <= total["instructions"] <= total["max"]
    by_name = {layer["name"]: layer for layer in layers}
    assert (by_name["stage1.conv"]["kind"], by_name["stage1.conv"]["neurons"]) == ("conv2d", 12 * 12 * 8)
    assert 0 < by_name["stage1.conv"]["rate"] < 1
    assert by_name["head"]["rate"] is None
    assert "histogram" not in total


def test_the_histogram_gives_the_same_instructions_to_within_one(place):
    plain = json.loads(profile(place, "--json").stdout)
    done = profile(place, "--json", "--histogram")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["resolution"] == 0
    for with_it, without in zip(report["layers"], plain["layers"]):
        assert abs(with_it["instructions"] - without["instructions"]) <= 1
        assert with_it["modelled_cycles"] > with_it["instructions"]
        assert sum(with_it["histogram"].values()) == pytest.approx(with_it["instructions"], abs=20)
    total = report["total"]
    assert total["modelled_cycles"] > total["instructions"]
    everything = total["instructions"] + report["outside_layers"]
    assert sum(total["histogram"].values()) == pytest.approx(everything, abs=20)
    assert sum(report["functions"].values()) == pytest.approx(everything, abs=40)
    assert report["proof"]["holds"] is True
    assert set(report["proof"]["forbidden"].values()) == {0}
    assert "100166" in report["cycle_model"]["source"]


def test_tables_and_a_chart_for_people(place):
    done = profile(place, "--limit", "1", "--histogram", "--chart", "c.svg")
    assert done.returncode == 0, done.stderr
    for text in ("block0.attention", "dense MACs", "branch taken", "modelled cycles", "multiplies 0", "c.svg"):
        assert text in done.stdout
    assert (place / "c.svg").exists()


def test_no_cycles_are_claimed_for_an_m55(place):
    done = profile(place, "--limit", "1", "--histogram", board="mps3-an547")
    assert done.returncode == 0, done.stderr
    assert "modelled cycles: none. Arm publishes no table for the Cortex-M55" in done.stdout


def test_a_multiply_in_inference_is_exit_code_1(place, tmp_path, monkeypatch, capsys):
    templates = tmp_path / "templates"
    shutil.copytree(codegen.TEMPLATES, templates)
    template = templates / "model.c.jinja"
    mark = "    const uint64_t now = esnn_clock_ticks();\n"
    assert mark in template.read_text()
    seed = "    static volatile uint32_t seed;\n    seed = seed * seed;\n"
    template.write_text(template.read_text().replace(mark, seed + mark))
    monkeypatch.setattr(codegen, "TEMPLATES", templates)
    monkeypatch.chdir(tmp_path)
    arguments = ["profile", "--emulate", "mps2-an385", "--model", str(place / "small.esnn")]
    arguments += ["--data", str(place / "small.npz"), "--limit", "1", "--histogram"]
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 1
    steps = len(build_plan(model()).steps)
    assert f"inference must only add: {steps} x multiply" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "board", "message"),
    [
        ((), "host", "instructions are counted by an emulator"),
        ((), "toaster", "no such board"),
        (("--chart", "c.pdf"), "mps2-an386", "a chart is a .png or .svg file"),
        (("--limit", "0"), "mps2-an386", "Invalid value for '--limit'"),
    ],
)
def test_bad_input_is_one_message(place, more, board, message):
    done = profile(place, *more, board=board)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
