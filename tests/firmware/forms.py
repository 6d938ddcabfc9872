"""Kernels by the name that generated code calls them, whichever form a core takes."""

from __future__ import annotations

import re
from collections.abc import Collection

from firmware_gen.build import ROOT

FORMS = ROOT / "kernels" / "include" / "esnn_forms.h"


def called(functions: Collection[str]) -> set[str]:
    """The functions of a program, and the names that esnn_forms.h gives to those that are forms of a kernel."""
    forms = re.findall(r"^#define (esnn_\w+) (esnn_\w+)$", FORMS.read_text(encoding="utf-8"), re.MULTILINE)
    return {name for name, form in forms if form in functions} | set(functions)
