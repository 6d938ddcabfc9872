"""What a model takes on a board: plan, linked program, binutils and a run of it agree, or it is said."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from edge_snn.cli.main import main
from edge_snn.errors import InputError, MismatchError
from edge_snn.graph import esnn_file
from edge_snn.harness import footprint
from edge_snn.harness.firmware import build_firmware
from firmware_gen import boards
from tests.networks import model


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", ["microbit", "mps3-an547"])
def test_inspect_tells_a_footprint_in_which_all_sides_agree(board_name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    esnn_file.save(model(), tmp_path / "small.esnn")
    with pytest.raises(SystemExit) as ended:
        main(["inspect", "small.esnn", "--board", board_name, "--json"])
    assert ended.value.code in (0, None)
    facts = json.loads(capsys.readouterr().out)
    found = facts["footprint"]
    assert found["arena_bytes"] == facts["arena_bytes"] <= found["sections"][".bss"]
    assert 0 < found["stack_used"] <= found["stack_bound"] <= found["stack_set_aside"]
    assert found["ram_bytes"] == found["sections"][".data"] + found["sections"][".bss"] + found["stack_bound"]


@pytest.mark.qemu
def test_what_does_not_agree_is_named(firmware):
    made = build_firmware(model(), boards.load("microbit"), firmware / "footprint")
    arena = made.generated.plan.arena_bytes
    footprint._agree(made, arena, made.stack_bound)
    with pytest.raises(MismatchError, match=f"the device says {arena + 8}"):
        footprint._agree(made, arena + 8, 8)
    with pytest.raises(MismatchError, match=f"{made.stack_bound + 4} bytes of stack were used"):
        footprint._agree(made, arena, made.stack_bound + 4)
    with pytest.raises(MismatchError, match="arm-none-eabi-size counts"):
        footprint._agree(replace(made, sections={**made.sections, ".data": 4}), arena, 8)


def test_the_host_has_no_footprint(tmp_path):
    with pytest.raises(InputError, match="cannot be emulated"):
        footprint.footprint(model(), boards.load("host"), tmp_path)
