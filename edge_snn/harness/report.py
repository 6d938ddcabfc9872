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
    step_rows,
    trace_row,
)
from edge_snn.harness.page import page
from edge_snn.harness.saved import FORMAT
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
    labels: np.ndarray,
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
        min_accuracy: threshold of the accuracy check, None for none.
    """
    count, rows, indices = done.images, done.rows, done.indices
    correct = done.correct(labels)
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
        "classes": list(facts.classes),
        "data": data_name,
        "data_sha256": data_sha256,
        "images": count,
        "images_asked_for": len(labels),
        "images_resumed": done.resumed,
        "repeat": done.repeat,
        "correct": correct,
        "accuracy": correct / count if count else None,
        "host_accuracy": float((np.argmax(host.logits[indices], axis=1) == labels[indices]).mean()) if count else None,
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
        "confusion": confusion(labels, done, len(facts.classes)),
        **sizes,
        "memory": memory,
        "stack_used": done.stack_used,
        "boards": board_rows(done, labels, timing),
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
    labels: np.ndarray,
    host: HostResults,
    timing: Timing,
) -> None:
    """Writes predictions.csv, junit.xml, report.html and, last, report.json."""
    write_text(folder / "predictions.csv", predictions(facts, done, labels, host, timing))
    write_text(folder / "junit.xml", junit(report))
    write_text(folder / "report.html", page(report, facts, done, images, labels, timing))
    write_text(folder / "report.json", json.dumps(report, indent=1, allow_nan=False) + "\n")


def as_text(text: str) -> str:
    """A cell that a spreadsheet does not take for a formula: an apostrophe goes in front where it could.

    One goes in front of an apostrophe, too: who takes away a leading one has the text as it was.
    """
    return f"'{text}" if text[:1] in FORMULAS else text


def predictions(facts: ModelFacts, done: Evaluation, labels: np.ndarray, host: HostResults, timing: Timing) -> str:
    """The text of predictions.csv: a row an image; the latency is that of its first inference."""
    buffer = io.StringIO()
    columns = ["index", "label", "device", "host", "device_class", "logits_equal", "counts_equal", "board", timing.unit]
    csv.writer(buffer, lineterminator="\n").writerow(columns)
    # Text in quotes: names may hold a carriage return, which csv quotes only where lines end with one.
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    expected = np.argmax(host.logits, axis=1)
    for item in done.rows:
        index, name = item.index, as_text(facts.classes[item.prediction])
        ticks = timing.rounded(item.result.ticks * timing.factor)
        row = [index, int(labels[index]), item.prediction, int(expected[index]), name]
        writer.writerow([*row, item.logits_equal, item.counts_equal, as_text(item.on), ticks])
    return buffer.getvalue()
