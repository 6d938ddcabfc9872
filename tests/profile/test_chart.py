"""Charts: one bar a layer, the same file each time, clear words where one cannot be drawn."""

from __future__ import annotations

import importlib.util

import pytest

from edge_snn.errors import InputError, ToolMissingError
from edge_snn.profile import chart
from edge_snn.profile.classes import CLASSES, FORBIDDEN


def report(with_classes: bool) -> dict:
    layers = [
        {"name": "conv$1_a", "instructions": 60, "rival_instructions": 90, "histogram": {"load": 20, "packed": 40}},
        {
            "name": "<head>",
            "instructions": 10,
            "rival_instructions": None,
            "histogram": {"add, subtract": 7, "other": 3},
        },
    ]
    if not with_classes:
        layers = [{key: value for key, value in layer.items() if key != "histogram"} for layer in layers]
    return {"model": "m$x", "board": "b", "core": "Cortex-M4", "layers": layers}


@pytest.mark.parametrize("with_classes", [True, False])
def test_charts_are_drawn_and_repeatable(tmp_path, with_classes):
    chart.write(report(with_classes), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    chart.write(report(with_classes), tmp_path / "a.svg")
    chart.write(report(with_classes), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.svg"]


def test_no_instruction_is_lost_between_the_groups():
    layer = {"instructions": 0, "histogram": {name: index + 1 for index, name in enumerate(CLASSES)}}
    found = chart.parts(layer)
    assert sum(found.values()) == sum(layer["histogram"].values())
    assert found[chart.REST] == sum(layer["histogram"][name] for name in ("other", *FORBIDDEN))


def test_what_cannot_be_drawn_is_told_before_anything_runs(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"a chart is a \.png or \.svg file"):
        chart.check(tmp_path / "a.pdf")
    with pytest.raises(InputError, match="folder for the output"):
        chart.check(tmp_path / "nowhere" / "a.png")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolMissingError, match=r"pip install 'edge-snn\[chart\]'"):
        chart.check(tmp_path / "a.png")
