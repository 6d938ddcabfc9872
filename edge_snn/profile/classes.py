"""Kinds of instructions, by mnemonic: what an executed-instruction histogram tells apart.

Multiplies, divides and floating point are recognised by their own rules, not as what the list of allowed instructions
(firmware_gen/verify) leaves over: the dynamic count must not rest on the static proof.
"""

from __future__ import annotations

import re

from firmware_gen.verify.allowed import CONDITIONS, allowed, split
from firmware_gen.verify.decode import Instruction
from firmware_gen.verify.flow import REGISTER_LIST, Kind, flow

# In the order in which they are shown.
CLASSES = (
    "load",
    "load multiple",
    "store",
    "store multiple",
    "add, subtract",
    "logic",
    "move",
    "shift",
    "extend, bit field",
    "compare",
    "packed",
    "helium load",
    "helium store",
    "helium add",
    "helium logic",
    "helium shift",
    "helium move",
    "helium compare",
    "branch taken",
    "branch not taken",
    "call",
    "return",
    "other",
    "multiply",
    "divide",
    "float",
    "refused",
)
# No inference may execute one of these.
FORBIDDEN = ("multiply", "divide", "float", "refused")

MULTIPLY = re.compile(r"muls?|ml[as]s?|(sm|um)(ul|la|ls|ml|mm|mu|ua|us|aa)\w*|v[a-z]*(mul|mla|mls|fma|fms|dot)[a-z]*")
DIVIDE = re.compile(r"[su]div")
FLOAT_TYPE = re.compile(r"\.b?f(16|32|64)")

_SCALAR = {
    "load": "ldr ldrb ldrh ldrsb ldrsh ldrex ldrexb ldrexh lda ldab ldah",
    "load multiple": "ldm ldmdb ldmia ldrd pop",
    "store": "str strb strh strex strexb strexh stl stlb stlh",
    "store multiple": "stm stmia stmdb strd push",
    "add, subtract": "adc adcs add adds addw adr neg negs rsb rsbs sbc sbcs sub subs subw",
    "logic": "and ands bic bics eor eors mvn mvns orn orns orr orrs",
    "move": "mov movs movt movw csel csinc csinv csneg cset csetm cinc cinv cneg",
    "shift": """asr asrs lsl lsls lsr lsrs ror rors rrx rrxs lsll lsrl asrl sqshl sqshll srshr srshrl uqshl uqshll urshr
        urshrl""",
    "extend, bit field": "bfc bfi sbfx ubfx sxtb sxth uxtb uxth clz rbit rev rev16 revsh",
    "compare": "cmn cmp teq tst",
    "packed": """sxtb16 uxtb16 sxtab sxtah sxtab16 uxtab uxtah uxtab16 sadd8 sadd16 ssub8 ssub16 sasx ssax uadd8 uadd16
        usub8 usub16 uasx usax shadd8 shadd16 shsub8 shsub16 uhadd8 uhadd16 uhsub8 uhsub16 qadd qsub qadd8 qadd16 qsub8
        qsub16 uqadd8 uqadd16 uqsub8 uqsub16 sel ssat ssat16 usat usat16 pkhbt pkhtb usad8 usada8""",
}
SCALAR = {name: kind for kind, names in _SCALAR.items() for name in names.split()}

# Helium, by the beginning of the name; the first that fits.
_VECTOR = (
    ("helium load", r"vldr[bhwd]?|vld[24]\d|vldm\w*|vpop"),
    ("helium store", r"vstr[bhwd]?|vst[24]\d|vstm\w*|vpush"),
    ("helium compare", r"vcmp|vpt[te]*|vpst[te]*|vpsel|vpnot|vctp|v(max|min)\w*"),
    ("helium logic", r"v(and|orr|eor|bic|orn|mvn)"),
    ("helium shift", r"v[a-z]*(shl|shr|shll|sli|sri|rev)\w*|vbrsr"),
    ("helium move", r"vmov\w*|vqmov\w*|vdup|v[id]w?dup|vmrs|vmsr"),
    ("helium add", r"v[a-z]*(add|sub|abs|neg|abd|aba|adc|sbc|cls|clz)\w*"),
)
VECTOR = tuple((kind, re.compile(rf"({names})[te]?")) for kind, names in _VECTOR)


def classify(item: Instruction, v81: bool = False) -> str:
    """The class of an instruction; one that may branch is "branch taken" (its runs are told apart by counting).

    Args:
        v81: the program is for Armv8.1-M, whose vector instructions work on integers.
    """
    base = split(item.mnemonic)[0]
    plain = item.mnemonic.partition(".")[0]
    names = {base, plain, plain[:-2] if plain[-2:] in CONDITIONS else plain}
    if any(MULTIPLY.fullmatch(name) for name in names):
        return "multiply"
    if any(DIVIDE.fullmatch(name) for name in names):
        return "divide"
    if FLOAT_TYPE.search(item.mnemonic) or (plain.startswith("v") and not v81):
        return "float"  # below Armv8.1-M every name with a v is the floating-point unit's
    if not allowed(item.mnemonic, v81):
        return "refused"
    kind = flow(item).kind
    if kind in (Kind.CALL, Kind.INDIRECT_CALL):
        return "call"
    if kind in (Kind.RETURN, Kind.RETURN_STACK):
        return "return"
    if kind is not Kind.NEXT:
        return "branch taken"
    if base in SCALAR:
        return SCALAR[base]
    if base.startswith("v"):
        return next((kind for kind, pattern in VECTOR if pattern.fullmatch(plain)), "other")
    return "other"


def registers(item: Instruction) -> int:
    """Registers that a load or store multiple moves; 2 for LDRD and STRD."""
    found = REGISTER_LIST.search(item.operands)
    if not found:
        return 2 if split(item.mnemonic)[0] in ("ldrd", "strd") else 1
    return sum(_span(part.strip()) for part in found.group(1).split(","))


def _span(part: str) -> int:
    first, dash, last = part.partition("-")
    return int(last.strip()[1:]) - int(first.strip()[1:]) + 1 if dash else 1
