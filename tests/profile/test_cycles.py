"""Modelled cycles: the examples of Arm's manuals come out as printed there."""

from __future__ import annotations

import pytest

from edge_snn.profile.cycles import block_cycles, cycle_model, rules
from tests.profile.test_classes import item

M3, M4, M0 = (cycle_model(core).costs for core in ("Cortex-M3", "Cortex-M4", "Cortex-M0"))
ONCE = (1, 0, 0)


def cycles(costs, *texts, runs=ONCE, before=None):
    return block_cycles(costs, [item(text) for text in texts], item(before) if before else None, runs)


@pytest.mark.parametrize("costs", [M3, M4])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [  # DDI 0337, load/store timings
        (("ldr r0, [r1]", "ldr r1, [r2]"), 3),
        (("ldr r0, [r1, r2]", "str r0, [r3, #20]"), 3),
        (("ldr r0, [r1, r2]", "str r1, [r3, r2]"), 3),
        (("ldr r0, [r1, r5]", "ldr r1, [r2]", "ldr r2, [r3, #4]"), 4),
        (("ldr r0, [r1]", "ldr r2, [r0]"), 4),  # the address waits for the load
        (("ldr r0, [r1], #4", "ldr r2, [r3]"), 4),  # a base update is not pipelined
        (("str r0, [r1, #4]",), 1),
        (("str r0, [r1, r2]",), 2),
        (("ldm r0, {r1, r2, r3}",), 4),
        (("push {r4, r5, lr}",), 4),
        (("ldrd r0, r1, [r2]",), 3),
        (("add r1, r1, #4", "ldr r0, [r1]"), 4),  # no forwarding to the address
        (("add r5, r5, #4", "ldr r0, [r1]"), 3),
        (("sxtab16 r0, r1, r2", "sxtab16 r3, r1, r4"), 2),
    ],
)
def test_straight_code_on_m3_and_m4(costs, texts, expected):
    assert cycles(costs, *texts) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [  # DDI 0432C, table 3-1
        (("ldr r0, [r1]", "ldr r1, [r2]"), 4),
        (("str r0, [r1, #4]",), 2),
        (("ldm r0!, {r1, r2, r3}",), 4),
        (("adds r1, r1, #4", "ldr r0, [r1]"), 3),
    ],
)
def test_straight_code_on_m0(texts, expected):
    assert cycles(M0, *texts) == expected


@pytest.mark.parametrize(
    ("costs", "text", "taken", "not_taken"),
    [
        (M3, "bne #0x100", 3, 1),
        (M4, "b #0x100", 3, 1),
        (M4, "bl #0x100", 3, 1),
        (M4, "bx lr", 3, 1),
        (M4, "pop {r4, r5, pc}", 6, 4),
        (M4, "tbb [pc, r0]", 4, 2),
        (M0, "bne #0x100", 3, 1),
        (M0, "bl #0x100", 4, 1),
        (M0, "bx lr", 3, 1),
        (M0, "pop {r4, r5, pc}", 7, 4),
    ],
)
def test_branches(costs, text, taken, not_taken):
    assert cycles(costs, text, runs=(1, 1, 0)) == taken
    assert cycles(costs, text, runs=(1, 0, 0)) == not_taken


def test_a_cut_in_straight_code_changes_nothing():
    whole = cycles(M4, "add r1, r1, #4", "ldr r0, [r1]", "ldr r2, [r3]", runs=(7, 0, 0))
    parts = cycles(M4, "add r1, r1, #4", runs=(7, 0, 0))
    parts += cycles(M4, "ldr r0, [r1]", runs=(7, 0, 7), before="add r1, r1, #4")
    parts += cycles(M4, "ldr r2, [r3]", runs=(7, 0, 7), before="ldr r0, [r1]")
    assert whole == parts


def test_models_say_what_they_rest_on():
    assert "DDI 0432C" in cycle_model("M0").source
    assert "DDI 0337H" in cycle_model("M3").source
    assert "100166" in cycle_model("M4").source
    for core in ("M7", "M33"):
        assert cycle_model(core).costs == M4
        assert cycle_model(core).kind.startswith("model")
        assert "publishes no table" in cycle_model(core).source
    for core in ("M55", "M85"):
        assert cycle_model(core).costs is None
        assert cycle_model(core).source
    assert any("refill" in rule for rule in rules())


def test_no_estimate_is_made_of_what_has_no_cost():
    assert cycles(M4, "vadd.f32 s0, s1, s2") is None
    assert cycles(M0, "muls r0, r1, r0") == 1
    assert cycles(M4, "svc #0") is None
