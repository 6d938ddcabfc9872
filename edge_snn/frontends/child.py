"""Runs a module of this package in a child process that may crash or hang."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import edge_snn

LINE_BYTES = 4096  # of one line of output that are looked at


@dataclass(frozen=True)
class Done:
    """How a child ended.

    Attributes:
        code: exit status; negative is the signal that ended it.
        timed_out: it was killed because it said nothing for too long.
        last_words: ": " and its last line on standard error, printable; or "".
    """

    code: int
    timed_out: bool
    last_words: str


def limit(what: int, value: int) -> None:
    """Lowers a limit of this process; one that is lower already (``ulimit -v``) stays."""
    hard = resource.getrlimit(what)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (value, value))


def run_child(module: str, arguments: Sequence[str], silence: float, told: Callable[[str], None]) -> Done:
    """Runs ``python -m module arguments``, calls ``told`` with each line it prints, ends it after ``silence`` seconds
    without a line."""
    home = str(Path(edge_snn.__file__).resolve().parent.parent)
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        killed = threading.Event()

        def end() -> None:
            killed.set()
            child.kill()

        assert child.stdout is not None
        timer = threading.Timer(silence, end)
        timer.start()
        try:
            while line := child.stdout.readline(LINE_BYTES):
                timer.cancel()
                timer = threading.Timer(silence, end)
                timer.start()
                told(line.decode("utf-8", "replace").strip())
            code = child.wait()
        finally:
            timer.cancel()
            if child.poll() is None:
                child.kill()
                child.wait()
            child.stdout.close()
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - LINE_BYTES))
        lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    last = "".join(char if char.isprintable() else "?" for char in lines[-1])[:200] if lines else ""
    return Done(code, killed.is_set(), f": {last}" if last else "")
