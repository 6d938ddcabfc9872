"""A small model, data sets, and runs of ``edge-snn eval`` as processes: what the tests of that command share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from edge_snn.graph import esnn_file
from edge_snn.harness import journal
from tests.networks import images, model

COUNT = 1800
EVAL = ["eval", "--emulate", "host", "--model", "small.esnn"]


def make_place(folder):
    """Fills a folder with two models and two data sets."""
    made = model()
    esnn_file.save(made, folder / "small.esnn")
    esnn_file.save(model(seed=1), folder / "other.esnn")
    x = images(6, made.input_shape)
    np.savez(folder / "six.npz", x=x, y=np.arange(6) % 10)
    (folder / "shared").mkdir()
    np.savez(folder / "long.npz", x=np.tile(x, (COUNT // 6, 1, 1, 1)), y=np.zeros(COUNT, np.int64))
    return folder


def report_folder(place, name):
    """A report folder that finds the firmware of the small model built already."""
    (place / name).mkdir()
    (place / name / "firmware").symlink_to(place / "shared", target_is_directory=True)
    return place / name


def start(place, *arguments, prepare=None, **options):
    """Runs the command; ``prepare`` is called in the child before it."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    def ready():
        # A shell that runs the suite in the background ignores SIGINT, and children inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if prepare is not None:
            prepare()

    return subprocess.Popen(
        [sys.executable, "-m", "edge_snn", *arguments],
        cwd=place,
        env=environment,
        text=True,
        preexec_fn=ready,
        **{"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options},
    )


def wait_for_lines(path, count):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} has too few lines")


def results(folder):
    """The good lines of a journal."""
    found = [journal.decode(line) for line in (folder / "journal.jsonl").read_bytes().splitlines()[1:]]
    return [line for line in found if line is not None]
