"""Speaks to a device as MLPerf Tiny's public runner does: one command, then every line up to "m-ready"."""

from __future__ import annotations

import re
import time

import numpy as np

REPLY_SECONDS = 5.0  # of silence, as in the runner
DATA_BYTES = 31  # of an input in one command, as in the runner


class Runner:
    """The runner's side of the line.

    Attributes:
        stray: characters that came when nothing had been asked.
    """

    def __init__(self, port) -> None:
        self.port = port
        self.pending = ""

    def command(self, text: str, end: str = "") -> list[str]:
        """Sends a command; returns the lines of its answer, "m-ready" left out."""
        self.port.write(text.encode() + b"%" + end.encode())
        lines: list[str] = []
        last = time.monotonic()
        while time.monotonic() - last < REPLY_SECONDS:
            data = self.port.read()
            if data:
                last = time.monotonic()
            self.pending += data.decode("ascii").replace("\r", "")
            while "\n" in self.pending:
                line, self.pending = self.pending.split("\n", 1)
                if "m-ready" in line:
                    assert line == "m-ready"
                    return lines
                lines.append(line)
        raise TimeoutError(f"no m-ready after {text!r}: {lines} {self.pending!r}")

    def load(self, image: np.ndarray) -> list[str]:
        """Loads an input, 31 bytes a command; returns the answer to the last one."""
        data = image.tobytes()
        assert self.command(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        answers = [self.command(f"db {data[i : i + DATA_BYTES].hex()}") for i in range(0, len(data), DATA_BYTES)]
        assert all(answer == [] for answer in answers[:-1])
        return answers[-1]

    def infer(self, times: int, warm: int) -> tuple[np.ndarray, int]:
        """Runs the loaded input; returns the scores and the microseconds between both laps."""
        lines = self.command(f"infer {times} {warm}")
        scores = laps = None
        assert [line for line in lines if line.startswith("e-")] == []
        laps = [int(found.group(1)) for line in lines if (found := re.match(r"^m-lap-us-([0-9]+)$", line))]
        for line in lines:
            found = re.match(r"^m-results-\[([^]]+)\]$", line)
            if found:
                scores = np.array([float(text) for text in found.group(1).split(",")])
        assert scores is not None
        assert len(laps) == 2
        return scores, laps[1] - laps[0]
