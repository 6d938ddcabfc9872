"""``edge-snn verify`` as a user types it."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_cli import call
from tests.firmware.arm import link, marked_line

pytestmark = pytest.mark.qemu
MULTIPLY = """static int kernel(int a, int b) {
    return a * b; /* here */ }
int esnn_model_infer(int a, int b) { return kernel(a, b) + 1; }"""


def test_a_clean_program(tmp_path):
    elf = link(tmp_path, "int esnn_model_infer(int a, int b) { return a + b; }")
    done = call("verify", str(elf))
    assert (done.returncode, done.stderr) == (0, "")
    assert "clean: inference executes no multiply" in done.stdout
    assert "SysTick_Handler (15)" in done.stdout
    facts = json.loads(call("verify", str(elf), "--json").stdout)
    assert facts["clean"] is True
    assert facts["findings"] == []
    assert facts["functions"] == ["esnn_model_infer"]
    assert facts["instructions"] == 2
    assert (facts["arch"], facts["entry"], facts["elf"]) == ("v7E-M", "esnn_model_infer", str(elf))
    assert facts["interrupts"] == [{"function": "SysTick_Handler", "vectors": [15]}]


def test_a_program_that_multiplies(tmp_path):
    elf, line = link(tmp_path, MULTIPLY, "cortex-m0"), marked_line(tmp_path)
    done = call("verify", str(elf))
    assert (done.returncode, done.stderr) == (1, "")
    assert "not clean: 1 findings" in done.stdout
    assert f"a.c:{line})" in done.stdout
    done = call("verify", str(elf), "--json")
    assert done.returncode == 1
    facts = json.loads(done.stdout)
    assert facts["clean"] is False
    (finding,) = facts["findings"]
    assert (finding["function"], finding["line"]) == ("kernel", line)
    assert finding["text"].startswith("muls")
    assert finding["file"].endswith("a.c")
    assert finding["address"] > 0
    assert call("verify", str(elf), "--entry", "SysTick_Handler").returncode == 0
    assert call("verify", str(elf), "--entry", "SysTick_Handler", "--expect", "kernel").returncode == 1


def test_bad_input(tmp_path):
    elf = link(tmp_path, MULTIPLY)
    (tmp_path / "cut.elf").write_bytes(elf.read_bytes()[:5000])
    for arguments, message in (
        (["missing.elf"], "no such file"),
        (["a.c"], "is not an ELF file"),
        (["cut.elf"], "damaged"),
        (["a.elf", "--entry", "nowhere"], "has no function nowhere"),
    ):
        done = call("verify", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
