"""README's tables are today's figures, and what they compare with is what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_snn.errors import InputError
from edge_snn.models import zoo
from edge_snn.profile import measured, tables
from tools.readme_tables import filled

README = Path(__file__).parents[2] / "README.md"
CORES = set(tables.CORES)


def test_the_readme_has_the_figures_of_the_benchmark_and_the_cards():
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "run: python tools/readme_tables.py"
    assert filled(text.replace("87.16 %", "100 %")) == text


@pytest.mark.parametrize("name", measured.networks())
def test_a_measured_network_is_whole(name):
    network = measured.networks()[name]
    assert set(network.instructions) == CORES
    counts = [network.instructions[core] for core in ("M0", "M3", "M4", "M55")]
    assert counts == sorted(counts, reverse=True)
    if network.modelled_cycles:
        assert {core for core, cycles in network.modelled_cycles.items() if cycles is None} == {"M55"}
        assert all(network.modelled_cycles[core] > network.instructions[core] for core in CORES - {"M55"})


def test_data_without_a_measured_network_has_no_rival():
    assert measured.rival_of("cifar10") is measured.networks()["resnet8"]
    assert measured.rival_of("digits") is measured.rival_of("") is None
    with pytest.raises(InputError, match="no dense network was measured on 'digits'"):
        tables.equal_accuracy("digits", {}, {})


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_equal_accuracy_puts_ours_below_the_dense_network_and_the_best_first():
    rows = {
        "good": {
            "M4": {"instructions": 14_935_352, "modelled_cycles": 19_100_000, "flash_bytes": 9000, "ram_bytes": 80}
        },
        "bad": {"M55": {"instructions": 2_403_178, "modelled_cycles": None}},
    }
    cards = {
        "bad": {"data": "cifar10", "integer_test_accuracy": 0.80, "flash_bytes": 7000, "ram_bytes": 70},
        "good": {
            **{"data": "cifar10", "integer_test_accuracy": 0.871, "flash_bytes": 1, "ram_bytes": 1, "kind": "int8"},
        },
        "other": {"data": "digits", "integer_test_accuracy": 0.99},
    }
    models = {name: {"cores": cores} for name, cores in rows.items()}
    found = [cells(line) for line in tables.equal_accuracy("cifar10", cards, models)[2:]]
    assert [row[0] for row in found] == ["ResNet-8, CMSIS-NN", "", "`good` (int8)", "", "`bad` (spikes)", ""]
    assert found[0][1:5] == ["87.16 %", "107.0 kB", "51.5 kB without stack", "instructions"]
    assert found[2] == [
        "`good` (int8)",
        "87.10 %",
        "9.0 kB",
        "0.1 kB",
        "instructions",
        "",
        "",
        "14.9 M (.500)",
        "",
        "",
        "",
    ]
    assert found[3] == ["", "", "", "", "modelled cycles", "", "", "19.1 M (.500)", "", "", ""]
    assert found[4][-1] == "2.40 M (.500)"
    assert found[5][5:] == [""] * 6


def test_a_model_that_does_not_fit_a_core_is_said_so():
    (row,) = tables.cores({"big": {"cores": {"M4": {"instructions": 1234}}}})[2:]
    assert cells(row) == ["`big`", "does not fit", "does not fit", "1,234", *["does not fit"] * 3]


def test_every_shipped_model_is_in_the_table():
    lines = tables.shipped({name: zoo.card(name) for name in zoo.names()})
    assert [cells(line)[0].strip("`") for line in lines[2:]] == list(zoo.names())


@pytest.mark.parametrize("text", ["", "<!-- table: a -->", "<!-- end --> <!-- table: a -->"])
def test_a_text_without_place_for_a_table_is_refused(text):
    with pytest.raises(InputError, match="has no place for the table 'a'"):
        tables.fill(text, {"a": lambda: []})


def test_tables_are_replaced_and_the_text_around_stays():
    text = "x\n<!-- table: a -->\nold\n<!-- end -->\ny\n<!-- table: b -->\n<!-- end -->\n"
    made = tables.fill(text, {"a": lambda: ["1", "2"], "b": lambda: ["3"]})
    assert made == "x\n<!-- table: a -->\n1\n2\n<!-- end -->\ny\n<!-- table: b -->\n3\n<!-- end -->\n"
    assert tables.fill(made, {"a": lambda: ["1", "2"], "b": lambda: ["3"]}) == made
