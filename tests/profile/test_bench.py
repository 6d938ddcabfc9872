"""The benchmark: the same files in every run, ratios that follow from the counts, models that do not fit are named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_snn.api import load
from edge_snn.data.dataset import Dataset
from edge_snn.models import zoo
from edge_snn.profile import bench
from edge_snn.profile import measured as cmsis_nn
from tests.networks import images, model

pytestmark = pytest.mark.qemu
RESNET8 = cmsis_nn.networks()["resnet8"]
BOARDS = ("microbit", "mps2-an386", "mps3-an547")


def run_once(folder):
    made = model()
    x = images(2, made.input_shape)
    return bench.bench_model(made, Dataset(x, np.zeros(2, np.int64), (), "random"), folder, BOARDS, "cifar10")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def measured(folder):
    return run_once(folder)


def test_two_runs_write_the_same_files(measured, folder):
    again = run_once(folder)
    first, second = (bench.results({"small": item}) for item in (measured, again))
    assert json.dumps(first) == json.dumps(second)
    assert bench.markdown(first) == bench.markdown(second)


def test_ratios_follow_from_the_counts(measured):
    assert set(measured["cores"]) == {"M0", "M4", "M55"}
    for core, row in measured["cores"].items():
        layers = row["layers"]
        assert row["instructions"] == pytest.approx(sum(layer["instructions"] for layer in layers), abs=len(layers))
        charged = sum(layer["rival_instructions"] for layer in layers)
        assert row["rival_instructions"] == pytest.approx(charged, abs=len(layers))
        assert row["ratio"] == pytest.approx(row["instructions"] / row["rival_instructions"], abs=1e-4)
        assert row["min"] <= row["instructions"] <= row["max"]
        assert set(row["forbidden_executed"].values()) == {0}
        assert sum(layer["share"] for layer in layers) == pytest.approx(1, abs=1e-4)
        assert sum(layer["dense_macs"] for layer in layers) == measured["dense_macs"]
        assert {"name", "kind", "neurons", "rate", "modelled_cycles", "ratio"} <= set(layers[0])
        if core == "M55":
            assert row["modelled_cycles"] is None
        else:
            assert row["modelled_cycles"] > row["instructions"]
        assert row["flash_bytes"] > model().weight_bytes
        assert row["ram_bytes"] > 1000
    rates = {layer["name"]: layer["rate"] for layer in measured["cores"]["M4"]["layers"] if layer["rate"] is not None}
    assert rates == measured["rates"]
    assert 0 < measured["mean_rate"] < 1


def test_the_table_has_every_core_and_layer(measured):
    text = bench.markdown(bench.results({"small": measured}))
    for core, row in measured["cores"].items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {core} | {row['board']} |")]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[2:5] == [f"{row[key]:,}" for key in ("flash_bytes", "ram_bytes", "instructions")]
        assert cells[5] == f"{row['instructions'] / RESNET8.instructions[core]:.3f}"
        if core != "M55":
            assert cells[6] == f"{row['modelled_cycles']:,}"
            assert cells[7] == f"{row['modelled_cycles'] / RESNET8.modelled_cycles[core]:.3f}"
        assert cells[8:] == [f"{row['rival_instructions']:,}", f"{row['ratio']:.3f}"]
    assert "| ResNet-8 | 12.50 | 87.16 % |" in text
    for layer in measured["cores"]["M4"]["layers"]:
        assert f"\n| {layer['name']} | {layer['kind']} |" in text
    assert f"mean firing rate {measured['mean_rate']:.4f}" in text


def test_cores_may_cut_a_model_into_other_steps(measured):
    changed = json.loads(json.dumps(measured))
    gone = changed["cores"]["M4"]["layers"].pop(1)
    rows = bench.markdown(bench.results({"small": changed})).splitlines()
    (row,) = [line for line in rows if line.startswith(f"| {gone['name']} |")]
    others = [changed["cores"][core]["layers"][1] for core in ("M0", "M55")]
    assert row.split(" | ")[5:] == [
        *(f"{others[0]['instructions']:,}", f"{others[0]['ratio']:.3f}", "", ""),
        *(f"{others[1]['instructions']:,}", f"{others[1]['ratio']:.3f} |"),
    ]
    assert len([line for line in rows if line.startswith("| head |")]) == 1


def test_a_model_that_does_not_fit_runs_the_same_cores_code_where_there_is_room(tmp_path):
    made = load("fashion-mnist")
    dataset = bench.images_for(zoo.card("fashion-mnist"), made, 1)
    told = bench.bench_model(made, dataset, tmp_path, ("microbit",))
    assert told["left_out"]["M0"].startswith("microbit: the model does not fit: it exceeds")
    row = told["cores"]["M0"]
    assert (row["board"], row["core"]) == ("mps2-an385, code for M0", "Cortex-M0")
    assert row["flash_bytes"] > 256 << 10
    assert "DDI 0432C" in row["cycle_model"]["source"]
    text = bench.markdown(bench.results({"fashion-mnist": told}))
    assert told["left_out"]["M0"] in text
    assert f"| M0 | mps2-an385, code for M0 | {row['flash_bytes']:,} |" in text


def test_a_model_that_fits_nowhere_is_left_out_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "ROOMIER", {})
    made = load("fashion-mnist")
    told = bench.bench_model(made, bench.images_for(zoo.card("fashion-mnist"), made, 1), tmp_path, ("microbit",))
    assert told["cores"] == {}
    assert told["left_out"]["M0"] in bench.markdown(bench.results({"fashion-mnist": told}))


def test_a_data_set_that_is_elsewhere_can_be_named(tmp_path):
    made = model()
    np.savez(tmp_path / "mine.npz", x=images(5, made.input_shape), y=np.arange(5))
    found = bench.images_for({"data": "cifar10"}, made, 2, {"cifar10": str(tmp_path / "mine.npz")})
    assert found.x.shape == (2, *made.input_shape)
    text = bench.markdown(bench.results({}, {"other": "no such data set"}))
    assert "Not measured: other: no such data set." in text


def test_a_row_of_an_earlier_run_stays_only_if_it_is_of_this_very_model():
    made = model()
    row = {"sha256": made.sha256}
    assert bench.earlier({"models": {made.name: row}}, made) is row
    assert bench.earlier({"models": {made.name: {"sha256": "0" * 64}}}, made) is None
    assert bench.earlier({"models": {}}, made) is bench.earlier({}, made) is bench.earlier([], made) is None
    text = bench.markdown(bench.results({}, kept={"small": "its images: could not be downloaded"}))
    assert "Of an earlier run: small, as its images: could not be downloaded." in text


def test_cards_take_instructions_of_all_cores_and_the_sizes_on_their_own_board(measured):
    before = {"board": "mps2-an386", "flash_bytes": 1, "ram_bytes": 1, "data": "digits"}
    card = bench.on_card(before, measured["cores"])
    assert card["flash_bytes"] == measured["cores"]["M4"]["flash_bytes"]
    assert card["instructions"] == {core: row["instructions"] for core, row in measured["cores"].items()}
    kept = bench.on_card({**before, "board": "mps2-an500"}, measured["cores"])
    assert (kept["flash_bytes"], kept["data"]) == (1, "digits")


@pytest.mark.parametrize("name", zoo.names())
def test_every_shipped_model_has_images_to_be_measured_on(name):
    card, made = zoo.card(name), load(name)
    if bench.MEASURED_ON.get(card["data"], card["data"]) != "cifar10-calibration":  # no image of it may ship
        assert bench.images_for(card, made, 3).x.shape == (3, *made.input_shape)


def test_the_benchmark_has_a_board_for_every_core():
    from firmware_gen import boards

    measured_cores = {boards.load(name).core for name in bench.BOARDS}
    assert measured_cores == {boards.load(name).core for name in boards.names() if boards.load(name).machine}
    assert len(measured_cores) == len(bench.BOARDS)
