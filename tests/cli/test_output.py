"""Exit codes tell of the work: not of a pipe whose reader left, nor of a terminal that lacks a letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_snn.graph import esnn_file
from tests.networks import images, model

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("output")
    made = model()
    esnn_file.save(made, folder / "small.esnn")
    np.savez(folder / "small.npz", x=images(4, made.input_shape), y=np.arange(4) % 10)
    return folder


COMMANDS = {
    "inspect": "inspect small.esnn --json",
    "simulate": "simulate small.esnn --data small.npz",
    "eval": "eval --emulate host --model small.esnn --data small.npz --report {report}",
    "models": "models",
    "boards": "boards --json",
}


def shell(place: Path, line: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs a line of bash, in which $SNN is the command."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "SNN": f"{sys.executable} -m edge_snn", **(env or {})}
    return subprocess.run(["bash", "-c", line], capture_output=True, cwd=place, env=environment)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_left_changes_no_exit_code(place, name):
    line = COMMANDS[name].format(report="left")
    done = shell(place, f"$SNN {line} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode()


@pytest.mark.parametrize("name", COMMANDS)
def test_output_that_cannot_be_written_is_told_in_one_line(place, name):
    done = shell(place, f"$SNN {COMMANDS[name].format(report='full')} >/dev/full")
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1] == "error: standard output cannot be written: No space left on device"
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("name", ["eval", "inspect"])
def test_streams_that_a_service_closed_are_no_failure(place, name, closed):
    report = "closed" + closed.translate(str.maketrans("", "", "<>&- "))
    done = shell(place, f"$SNN {COMMANDS[name].format(report=report)} {closed}")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    if name == "eval":
        assert (place / report / "report.json").exists()


def test_a_bad_input_keeps_its_code_whatever_becomes_of_the_output(place):
    for end in ("| true; exit ${PIPESTATUS[0]}", ">/dev/full", ">&-"):
        assert shell(place, f"$SNN inspect missing.esnn {end}").returncode == 2


PLAIN = [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]


@pytest.mark.parametrize("env", PLAIN)
def test_a_terminal_without_accents_shows_escapes(place, env):
    folder = place / "mod\u00e8les"
    folder.mkdir(exist_ok=True)
    for name in ("small.esnn", "small.npz"):
        (folder / name).write_bytes((place / name).read_bytes())
    inside = "cd $'mod\\xc3\\xa8les' && $SNN"
    done = shell(place, f"{inside} eval --emulate host --model small.esnn --data $PWD/small.npz --report $PWD/r", env)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode(errors="replace")
    assert (folder / "r" / "report.html").exists()
    missing = shell(place, f"{inside} inspect $PWD/none.esnn", env)
    assert missing.returncode == 2
    assert b"no such file" in missing.stderr
