"""Every instruction that inference may use has a class; every one that multiplies, divides or is float is named so."""

from __future__ import annotations

import pytest

from edge_snn.profile.classes import CLASSES, FORBIDDEN, SCALAR, classify, registers
from firmware_gen.verify.allowed import SCALAR as ALLOWED
from firmware_gen.verify.allowed import SCALAR_V81, VECTOR, VECTOR_UNTYPED
from firmware_gen.verify.decode import Instruction


def item(text: str) -> Instruction:
    mnemonic, _, operands = text.partition(" ")
    return Instruction(0x100, 4, mnemonic, operands)


MULTIPLIES = """mul muls mulne mla mls umull smull umlal smlal smlabb smlatt smlawb smulbb smulwt smuad smuadx smusd
    smlad smladx smlald smlsd smlsld smmul smmla smmlsr umaal"""
VECTOR_MULTIPLIES = """vmul.i16 vmult.i8 vmla.s16 vmlas.u8 vmladav.s8 vmladavax.s32 vmlsdav.s16 vmullb.s8 vmullt.p16
    vqdmulh.s16 vqrdmulh.s32 vqdmlah.s8 vqrdmlash.s16 vrmulh.u8 vrmlaldavh.s32 vmlaldav.s16"""


@pytest.mark.parametrize("name", MULTIPLIES.split())
def test_multiplies_are_multiplies(name):
    assert classify(item(f"{name} r0, r1, r2, r3")) == "multiply"


@pytest.mark.parametrize("name", VECTOR_MULTIPLIES.split())
def test_helium_multiplies_are_multiplies(name):
    assert classify(item(f"{name} q0, q1, q2"), v81=True) == "multiply"


def test_divides_and_floats_are_told():
    assert {classify(item(f"{name} r0, r1, r2")) for name in ("sdiv", "udiv", "sdivne")} == {"divide"}
    for name in ("vadd.f32", "vmov.f32", "vldr", "vmrs", "vcvt.s32.f32", "vsqrt.f64"):
        assert classify(item(f"{name} s0, s1")) == "float"
    for name in ("vadd.f16", "vcvt.f32.s32", "vfma.f32", "vmov.f32", "vcmp.f32"):
        assert classify(item(f"{name} q0, q1"), v81=True) in ("float", "multiply")


def test_whatever_is_on_no_list_is_refused():
    for name in ("cdp", "mcr", "svc", "bkpt", "<undefined>", "pacbti", "nonsense"):
        assert classify(item(f"{name} #0")) == "refused"


def test_no_allowed_instruction_is_in_a_forbidden_class():
    for name in ALLOWED | SCALAR_V81:
        assert classify(item(f"{name} r0, r1"), v81=True) not in FORBIDDEN, name
    for name in VECTOR:
        assert classify(item(f"{name}.s16 q0, q1, q2"), v81=True) not in FORBIDDEN, name
    for name in VECTOR_UNTYPED:
        assert classify(item(f"{name} q0, q1"), v81=True) not in FORBIDDEN, name


def test_few_allowed_instructions_are_left_without_a_class_of_their_own():
    flow = "b bl bx blx cbz cbnz tbb tbh udf wls wlstp le letp".split()
    rest = {name for name in ALLOWED | SCALAR_V81 if name not in SCALAR and name not in flow}
    assert rest == set("nop dmb dsb isb mrs msr cpsid cpsie clrex dls dlstp lctp clrm".split())
    others = {name for name in VECTOR if classify(item(f"{name}.s16 q0, q1"), v81=True) == "other"}
    assert others <= {"vshlc"}
    assert set(SCALAR.values()) <= set(CLASSES)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ldrsb.w r0, [r1]", "load"),
        ("ldmia r0!, {r1, r2}", "load multiple"),
        ("pop {r4, pc}", "return"),
        ("pop {r4, r5}", "load multiple"),
        ("bx lr", "return"),
        ("bne #0x120", "branch taken"),
        ("bl #0x120", "call"),
        ("blx r3", "call"),
        ("addeq r0, r0, #1", "add, subtract"),
        ("sxtab16 r0, r1, r2, ror #8", "packed"),
        ("cmp r0, #1", "compare"),
        ("itt eq", "other"),
        ("lsls r0, r1, #2", "shift"),
        ("movs r0, #1", "move"),
        ("bls #0x120", "branch taken"),
    ],
)
def test_what_kernels_are_made_of(text, kind):
    assert classify(item(text)) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("vldrb.s16 q0, [r0], #8", "helium load"),
        ("vstrw.32 q0, [r0]", "helium store"),
        ("vaddt.i16 q0, q1, q2", "helium add"),
        ("vpst", "helium compare"),
        ("vshl.i16 q0, q0, #1", "helium shift"),
        ("vmov.i32 q0, #0", "helium move"),
        ("vand q0, q1, q2", "helium logic"),
        ("le lr, 0x100", "branch taken"),
    ],
)
def test_helium_kinds(text, kind):
    assert classify(item(text), v81=True) == kind


def test_registers_of_multiples():
    assert registers(item("ldm r0, {r1, r2, r3}")) == 3
    assert registers(item("push {r4-r7, lr}")) == 5
    assert registers(item("ldrd r0, r1, [r2]")) == 2
