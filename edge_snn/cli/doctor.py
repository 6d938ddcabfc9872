"""``edge-snn doctor``: what is missing, and how to install it here."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from typing import Any

import click
from rich.markup import escape

from edge_snn.cli.common import console, json_option, make_table, print_json
from edge_snn.errors import ExitCode
from firmware_gen import programs
from firmware_gen.build import has_newlib

# (program, Debian packages, what it is for, whether the main job needs it)
PROGRAMS = (
    ("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi", "building firmware", True),
    ("cmake", "cmake", "building firmware", True),
    ("make", "make", "building firmware", True),
    ("qemu-system-arm", "qemu-system-arm", "emulated boards", True),
    ("arm-none-eabi-objdump", "binutils-arm-none-eabi", "edge-snn verify on Armv8.1-M (M55)", False),
    ("gcc", "gcc libc6-dev", "the host board, edge-snn profile --histogram, tests", False),
)
# (module, pip requirement, what it is for, whether the main job needs it)
MODULES = (
    ("numpy", "numpy", "everything", True),
    ("serial", "pyserial", "serial ports", True),
    ("cobs", "cobs", "serial frames", True),
    ("tflite", "tflite", "reading .tflite", True),
    ("flatbuffers", "flatbuffers", "reading .tflite", True),
    ("jinja2", "jinja2", "generating C", True),
    ("PIL", "pillow", "folders of images", True),
    ("elftools", "pyelftools", "sizes of firmware", True),
    ("capstone", "capstone", "edge-snn verify, edge-snn profile --histogram", False),
    ("matplotlib", "matplotlib", "edge-snn profile --chart", False),
    ("sklearn", "scikit-learn", "the digits data set", False),
    ("tensorflow", "'edge-snn[train]'", "training, edge-snn tflite, reading .keras", False),
    ("keras", "'edge-snn[train]'", "training, edge-snn tflite, reading .keras", False),
)


def _version(program: str) -> str:
    try:
        text = programs.run([program, "--version"], timeout=20).stdout
        return text.splitlines()[0] if text else ""
    except (OSError, subprocess.TimeoutExpired):
        return ""


def examine() -> list[dict[str, Any]]:
    """One row a program or module: name, found, needed, version or how to install it."""
    apt = shutil.which("apt-get") is not None
    rows: list[dict[str, Any]] = []
    for name, package, purpose, needed in PROGRAMS:
        found = shutil.which(name) is not None
        install = f"apt-get install {package}" if apt else f"install {name} (Debian package {package})"
        rows.append(
            {
                "name": name,
                "found": found,
                "needed": needed,
                "purpose": purpose,
                "version": _version(name) if found else "",
                "install": "" if found else install,
            }
        )
    compiler = shutil.which("arm-none-eabi-gcc") is not None
    newlib = compiler and has_newlib()
    rows.append(
        {
            "name": "newlib for Arm (nano.specs)",
            "found": newlib,
            "needed": True,
            "purpose": "building firmware",
            "version": "",
            "install": "" if newlib else "apt-get install libnewlib-arm-none-eabi",
        }
    )
    modules = [*MODULES, ("tflite_runtime", "tflite-runtime==2.14.*", "running .tflite", True)]
    if sys.version_info >= (3, 12):
        modules[-1] = ("ai_edge_litert", "ai-edge-litert", "running .tflite", True)
    for name, requirement, purpose, needed in modules:
        found = importlib.util.find_spec(name) is not None
        install = "" if found else f"{sys.executable} -m pip install {requirement}"
        rows.append(
            {
                "name": name,
                "found": found,
                "needed": needed,
                "purpose": purpose,
                "version": "",
                "install": install,
            }
        )
    return rows


@click.command("doctor")
@json_option
def command(as_json: bool) -> None:
    """Say which tool or package is missing and how to install it. Exits with 2 if the main job lacks one.

    \b
    Example:
      edge-snn doctor
    """
    rows = examine()
    ready = all(row["found"] for row in rows if row["needed"])
    if as_json:
        print_json({"ready": ready, "checks": rows})
    else:
        table = make_table("", "tool or package", "for", "version, or how to install it")
        for row in rows:
            mark = "ok" if row["found"] else "MISSING" if row["needed"] else "absent"
            table.add_row(
                mark, *(escape(row[key]) for key in ("name", "purpose")), escape(row["version"] or row["install"])
            )
        console(False).print(table)
        console(False).print("ready" if ready else "something the main job needs is missing")
    if not ready:
        raise click.exceptions.Exit(ExitCode.BAD_INPUT)
