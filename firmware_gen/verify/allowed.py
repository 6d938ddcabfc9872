"""The instructions inference may use, by mnemonic.

An allow-list: an instruction nobody thought of is refused, not overlooked. No name here multiplies, divides or works on
floating-point numbers. Vector instructions (Helium, Armv8.1-M) are listed apart and hold only with integer types
(``vadd.i16``, never ``vadd.f16``).
"""

from __future__ import annotations

import re
from functools import lru_cache

CONDITIONS = "eq ne hs cs lo cc mi pl vs vc hi ls ge lt gt le al".split()

# Moves, adds, compares, shifts, logic, loads and stores, branches, packed adds of the DSP extension, barriers.
SCALAR = frozenset(
    """
    adc adcs add adds addw adr and ands asr asrs bfc bfi bic bics clz cmn cmp eor eors lsl lsls lsr lsrs mov movs movt
    movw mvn mvns neg negs nop orn orns orr orrs rbit rev rev16 revsh ror rors rrx rrxs rsb rsbs sbc sbcs sbfx sub
    subs subw teq tst ubfx sxtb sxth sxtb16 uxtb uxth uxtb16 sxtab sxtah sxtab16 uxtab uxtah uxtab16 sadd8 sadd16
    ssub8 ssub16 sasx ssax uadd8 uadd16 usub8 usub16 uasx usax shadd8 shadd16 shsub8 shsub16 uhadd8 uhadd16 uhsub8
    uhsub16 qadd qsub qadd8 qadd16 qsub8 qsub16 uqadd8 uqadd16 uqsub8 uqsub16 sel ssat ssat16 usat usat16 pkhbt pkhtb
    usad8 usada8 ldm ldmdb ldmia ldr ldrb ldrd ldrh ldrsb ldrsh pop push stm stmdb stmia str strb strd strh ldrex
    ldrexb ldrexh strex strexb strexh clrex lda ldab ldah stl stlb stlh b bl bx blx cbz cbnz tbb tbh dmb dsb isb mrs
    msr cpsid cpsie udf
    """.split()
)

# Armv8.1-M: conditional selects, long shifts, low-overhead loops (lr counts there).
SCALAR_V81 = frozenset(
    """
    csel csinc csinv csneg cset csetm cinc cinv cneg lsll lsrl asrl sqshl sqshll srshr srshrl uqshl uqshll urshr
    urshrl dls dlstp wls wlstp le letp lctp clrm
    """.split()
)

# Helium on integers: adds (also across lanes), compares, minima, logic, shifts, moves, loads, stores, predication.
VECTOR = frozenset(
    """
    vadd vsub vqadd vqsub vhadd vhsub vrhadd vadc vadci vsbc vsbci vabs vneg vqabs vqneg vabd vabav vaddv vaddva
    vaddlv vaddlva vmax vmin vmaxa vmina vmaxv vminv vmaxav vminav vcls vclz vcmp vpt vctp vshl vshr vrshl vrshr vqshl
    vqshlu vqrshl vshllb vshllt vshrnb vshrnt vrshrnb vrshrnt vqshrnb vqshrnt vqrshrnb vqrshrnt vqshrunb vqshrunt
    vqrshrunb vqrshrunt vsli vsri vbrsr vrev16 vrev32 vrev64 vmovlb vmovlt vmovnb vmovnt vqmovnb vqmovnt vqmovunb
    vqmovunt vdup vidup viwdup vddup vdwdup vmov vmvn vand vorr vbic vldrb vldrh vldrw vldrd vstrb vstrh vstrw vstrd
    vld20 vld21 vst20 vst21 vld40 vld41 vld42 vld43 vst40 vst41 vst42 vst43
    """.split()
)
# These need no type: what they do does not depend on it. vpush, vldr and the like only move registers.
VECTOR_UNTYPED = frozenset(
    """
    vmov vmvn vand vorr veor vbic vorn vpsel vpst vpnot vshlc vmrs vmsr vpush vpop vldr vstr vldmia vldmdb vstmia
    vstmdb
    """.split()
)

IT_BLOCK = re.compile(r"it[te]{0,3}")
VPT_BLOCK = re.compile(r"(vpst|vpt)[te]{0,3}")
INTEGER_TYPES = re.compile(r"(\.[isu]?(8|16|32|64))+")

# The compiler's library (run-time ABI for the Arm architecture, RTABI32): of its __aeabi_ functions these neither
# multiply, divide nor work on floating-point numbers. The others do, by whichever instructions (on an M0 by others).
HELPERS = re.compile(r"__aeabi_(mem(cpy|move|set|clr)[48]?|llsl|llsr|lasr|u?lcmp|u(read|write)[48])")
ARITHMETIC = re.compile(r"__aeabi_.*|__u?(div|mod|mul|divmod)[a-z]*[sdt]i\d|__(fix|float)[a-z]+|__[a-z]+[hsdt]f\d?")


def helper(name: str) -> bool:
    """Whether a function of the compiler's library multiplies, divides or works on floating-point numbers."""
    return ARITHMETIC.fullmatch(name) is not None and HELPERS.fullmatch(name) is None


@lru_cache(maxsize=4096)
def split(mnemonic: str) -> tuple[str, str, str]:
    """(name, condition, suffix) of a scalar mnemonic: ``"bne.w"`` is ``("b", "ne", ".w")``."""
    base, dot, rest = mnemonic.partition(".")
    if base not in SCALAR | SCALAR_V81 and base[-2:] in CONDITIONS and base[:-2] in SCALAR | SCALAR_V81:
        return base[:-2], base[-2:], dot + rest
    return base, "", dot + rest


def allowed(mnemonic: str, v81: bool = False) -> bool:
    """Whether an instruction may be part of inference.

    Args:
        mnemonic: as disassembled, with condition, width and type, e.g. ``"addeq.w"``, ``"vaddt.i16"``.
        v81: the program is for Armv8.1-M; elsewhere vector and loop instructions are refused.
    """
    base, condition, suffix = split(mnemonic)
    if suffix in ("", ".w", ".n") and (base in SCALAR or IT_BLOCK.fullmatch(base)):
        return True
    if not v81:
        return False
    if base in SCALAR_V81:
        return suffix in ("", ".w", ".n") or (
            base in ("dlstp", "wlstp") and INTEGER_TYPES.fullmatch(suffix) is not None
        )
    return _vector(base + condition, suffix)


def _vector(base: str, suffix: str) -> bool:
    block = VPT_BLOCK.fullmatch(base)
    if block:
        base = block.group(1)
    names = {base} | ({base[:-1]} if base[-1:] in "te" else set())  # t and e: inside a VPT block
    names |= {base[:-2]} if base[-2:] in CONDITIONS else set()  # inside an IT block
    if suffix == "":
        return not names.isdisjoint(VECTOR_UNTYPED)
    return INTEGER_TYPES.fullmatch(suffix) is not None and not names.isdisjoint(VECTOR | VECTOR_UNTYPED)
