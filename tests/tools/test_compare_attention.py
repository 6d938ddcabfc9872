"""The comparison is paired by seed and says what it cannot tell apart."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tools import compare_attention
from tools.compare_attention import difference


def test_a_difference_is_of_pairs_with_students_interval():
    found = difference("ssa", [0.90, 0.92, 0.91], [0.88, 0.91, 0.89])
    assert found.pairs == pytest.approx((0.02, 0.01, 0.02))
    assert found.mean == pytest.approx(0.05 / 3)
    # s = 0.0057735, t = 4.303, n = 3
    assert found.interval == pytest.approx((0.05 / 3 - 0.014344, 0.05 / 3 + 0.014344), abs=1e-5)
    assert found.verdict == "a2os2a better"
    assert difference("ssa", [0.8, 0.8], [0.9, 0.9001]).verdict == "a2os2a worse"
    assert difference("ssa", [0.8, 0.9], [0.9, 0.8]).verdict == "not separable"
    assert difference("ssa", [0.9], [0.8]).verdict == "not separable"


@pytest.mark.train
def test_a_comparison_is_written_and_not_trained_twice(tmp_path, monkeypatch):
    pytest.importorskip("keras")
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    given = ["--preset", "digits", "--data", "digits", "--limit", "400", "--held-out", "100", "--out", str(tmp_path)]
    given += ["--stage", "1:1:0.01", "--seeds", "2", "--kind", "sdsa"]
    first = CliRunner().invoke(compare_attention.main, given, catch_exceptions=False)
    assert first.exit_code == 0
    written = json.loads((tmp_path / "comparison.json").read_text())
    assert {kind: len(values) for kind, values in written["test_accuracies"].items()} == {"a2os2a": 2, "sdsa": 2}
    assert written["differences"][0]["kind"] == "sdsa"
    assert "a2os2a - sdsa" in first.output
    monkeypatch.setattr("edge_snn.training.trainer.train", lambda *_: pytest.fail("trained twice"))
    assert CliRunner().invoke(compare_attention.main, given, catch_exceptions=False).exit_code == 0
