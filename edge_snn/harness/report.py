"""The files of an evaluation: report.json, report.html, predictions.csv, junit.xml, each written aside and renamed."""

from __future__ import annotations

import csv
import io
import json
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn import __version__
from edge_snn.files import write_text
from edge_snn.harness.checks import as_rows, judge, junit
from edge_snn.harness.evaluate import Evaluation
from edge_snn.harness.facts import HostResults, ModelFacts
from edge_snn.harness.figures import (
    board_rows,
    confusion,
    energy_estimate,
    latency,
    layer_rows,
    metric_row,
    step_rows,
    trace_row,
)
from edge_snn.harness.page import page
from edge_snn.harness.saved import FORMAT
from edge_snn.harness.scoring import Scoring
from edge_snn.harness.timing import Timing
from firmware_gen import programs
from firmware_gen.boards import Board

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # wide = + - @, too


def tool_versions(elf_board: Board) -> dict[str, str]:
    """Versions of what made the numbers."""
    tools = {"edge_snn": __version__, "python": platform.python_version(), "numpy": np.__version__}
    for program in ["gcc"] if elf_board.is_host else ["arm-none-eabi-gcc", "qemu-system-arm"]:
        try:
            text = programs.run([program, "--version"], timeout=20).stdout
            tools[program] = text.splitlines()[0] if text else "unknown"
        except (OSError, subprocess.TimeoutExpired):
            tools[program] = "not found"
    return tools


def make_report(
    board: Board,
    timing: Timing,
    facts: ModelFacts,
    done: Evaluation,
    scoring: Scoring,
    host: HostResults,
    sizes: dict[str, Any],
    data_name: str,
    data_sha256: str,
    core: str,
    memory: list[dict[str, Any]],
    min_accuracy: float | None = None,
) -> dict[str, Any]:
    """The report as plain data; its fields are told in docs/harness.md.

    Args:
        sizes: elf (relative path or None), flash_bytes, ram_bytes and whatever else the build told.
        memory: rows of the memory plan.
        min_accuracy: least value of the metric, None for none.
    """
    count, rows, indices = done.images, done.rows, done.indices
    right, right_there = (scoring.right(logits, indices) for logits in (done.logits, host.logits[indices]))
    names = scoring.names(facts.classes)
    layers = layer_rows(facts, rows, timing)
    neurons = sum(layer["neurons"] for layer in layers)
    mean_rate = sum(layer["rate"] * layer["neurons"] for layer in layers) / neurons if neurons else None
    sops = float(host.sops[indices].mean()) if count else None
    dense = sum(step.dense_macs for step in facts.steps)
    report = {
        "format": FORMAT,
        "run": done.run,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "board": board.name,
        "core": core,
        "model": facts.name,
        "model_sha256": facts.sha256,
        "timesteps": facts.timesteps,
        "classes": list(names),
        "data": data_name,
        "data_sha256": data_sha256,
        "images": count,
        "images_asked_for": len(host.logits),
        "images_resumed": done.resumed,
        "repeat": done.repeat,
        "metric": metric_row(scoring, done, host),
        "correct": None if right is None else int(right.sum()),
        "accuracy": float(right.mean()) if right is not None and count else None,
        "host_accuracy": float(right_there.mean()) if right_there is not None and count else None,
        "mismatched_logits": done.logits_equal.count(False),
        "mismatched_spike_counts": done.counts_equal.count(False),
        "mismatched_repeats": sum(not row.repeats_equal for row in rows),
        "trace": trace_row(rows, host),
        "latency": latency([[run.ticks for run in row.runs] for row in rows], timing),
        "layers": layers,
        "steps": step_rows(facts, done, host, timing),
        "ticks_unit": timing.unit,
        "mean_rate": round(mean_rate, 6) if mean_rate is not None else None,
        "sops": sops,
        "dense_macs": dense,
        "energy": energy_estimate(sops, dense),
        "confusion": confusion(scoring, done, len(names)),
        **sizes,
        "memory": memory,
        "stack_used": done.stack_used,
        "boards": board_rows(done, scoring, timing),
        "retries": done.retries,
        "resets": sum(item.resets for item in done.boards.values()),
        "reconnects": sum(len(item.reconnects) for item in done.boards.values()),
        "journal_lines_damaged": done.damaged,
        "journal_kept": done.kept,
        "stopped": done.stopped,
        "tool_versions": tool_versions(board),
    }
    return {**report, "checks": as_rows(judge(report, min_accuracy))}


def write_files(
    folder: Path,
    report: dict[str, Any],
    facts: ModelFacts,
    done: Evaluation,
    images: np.ndarray,
    scoring: Scoring,
    host: HostResults,
    timing: Timing,
) -> None:
    """Writes predictions.csv, junit.xml, report.html and, last, report.json."""
    write_text(folder / "predictions.csv", predictions(facts, done, scoring, host, timing))
    write_text(folder / "junit.xml", junit(report))
    write_text(folder / "report.html", page(report, done, images, scoring, timing))
    write_text(folder / "report.json", json.dumps(report, indent=1, allow_nan=False) + "\n")


def as_text(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula: an apostrophe goes in front where it could.

    One goes in front of an apostrophe, too: who takes away a leading one has the text as it was.
    """
    return f"'{text}" if text[:1] in FORMULAS else text


def predictions(facts: ModelFacts, done: Evaluation, scoring: Scoring, host: HostResults, timing: Timing) -> str:
    """The text of predictions.csv: a row an image; the latency is that of its first inference.

    Without classes (the metric looks at a number) the columns of them are empty; the number is in the last one.
    """
    buffer = io.StringIO()
    columns = ["index", "label", "device", "host", "device_class", "logits_equal", "counts_equal", "board", timing.unit]
    scores, names = scoring.scores(done.logits, done.indices), scoring.names(facts.classes)
    csv.writer(buffer, lineterminator="\n").writerow([*columns, *([] if scores is None else ["score"])])
    # Text in quotes: names may hold a carriage return, which csv quotes only where lines end with one.
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    found, expected = scoring.classes(done.logits), scoring.classes(host.logits)
    for place, item in enumerate(done.rows):
        index, ticks = item.index, timing.rounded(item.result.ticks * timing.factor)
        label = "" if scoring.labels is None else int(scoring.labels[index])
        classes: list[int | str] = ["", "", ""]
        if found is not None and expected is not None:
            classes = [int(found[place]), int(expected[index]), as_text(names[found[place]])]
        row = [index, label, *classes, item.logits_equal, item.counts_equal, as_text(item.on), ticks]
        writer.writerow([*row, *([] if scores is None else [float(scores[place])])])
    return buffer.getvalue()
