"""report.json and predictions.csv of an evaluation, each written aside and renamed."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_snn import __version__
from edge_snn.errors import InputError
from edge_snn.harness.evaluate import Evaluation
from edge_snn.harness.facts import HostResults, ModelFacts
from firmware_gen.boards import Board


def latency(ticks: Sequence[int], board: Board) -> dict[str, Any]:
    """Median, 95th percentile and largest latency, in instructions on an emulator, else in milliseconds."""
    unit, factor = unit_of(board)
    values = np.array(ticks, np.float64) * factor
    if not len(values):
        return {"unit": unit, "median": None, "p95": None, "max": None}
    exact = [float(np.median(values)), float(np.percentile(values, 95)), float(values.max())]
    rounded = [round(value) if unit == "instructions" else round(value, 4) for value in exact]
    return {"unit": unit, "median": rounded[0], "p95": rounded[1], "max": rounded[2]}


def unit_of(board: Board) -> tuple[str, float]:
    """Unit of latencies on a board, and the units in one clock tick."""
    if board.machine:
        return "instructions", board.instructions(1.0)
    return ("ms (this computer)" if board.is_host else "ms"), 1000.0 / board.clock_hz


def tool_versions(elf_board: Board) -> dict[str, str]:
    """Versions of what made the numbers."""
    tools = {"edge_snn": __version__, "python": platform.python_version(), "numpy": np.__version__}
    programs = ["gcc"] if elf_board.is_host else ["arm-none-eabi-gcc", "qemu-system-arm"]
    for program in programs:
        try:
            text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20).stdout
            tools[program] = text.splitlines()[0] if text else "unknown"
        except (OSError, subprocess.TimeoutExpired):
            tools[program] = "not found"
    return tools


def layer_rows(facts: ModelFacts, done: Evaluation, board: Board) -> list[dict[str, Any]]:
    """Per neuron layer: rate, mean spikes per step (ternary also apart), and mean ticks of its step."""
    if not done.images:
        return []
    factor = unit_of(board)[1]
    counts = np.stack(done.counts).astype(np.float64)
    ticks = np.stack(done.step_ticks).mean(axis=0) * factor
    rows, start, steps = [], 0, facts.timesteps
    for layer in facts.layers:
        signs = 2 if layer.kind == "ternary" else 1
        block = counts[:, start : start + signs * steps].reshape(-1, signs, steps).mean(axis=0)
        start += signs * steps
        row: dict[str, Any] = {
            "name": layer.name,
            "kind": layer.kind,
            "neurons": layer.neurons,
            "rate": round(float(block.sum() / (steps * layer.neurons)), 6),
            "spikes_per_step": [round(float(value), 3) for value in block.sum(axis=0)],
            "ticks": round(float(ticks[layer.step]), 1),
        }
        if layer.kind == "ternary":
            row["plus_per_step"] = [round(float(value), 3) for value in block[0]]
            row["minus_per_step"] = [round(float(value), 3) for value in block[1]]
        rows.append(row)
    return rows


def make_report(
    board: Board,
    facts: ModelFacts,
    done: Evaluation,
    labels: np.ndarray,
    host: HostResults,
    sizes: dict[str, Any],
    data_name: str,
    core: str,
) -> dict[str, Any]:
    """The report as plain data.

    Args:
        sizes: elf (relative path or None), flash_bytes, ram_bytes and whatever else the build told.
    """
    count = done.images
    correct = done.correct(labels)
    agreed = np.argmax(host.logits[:count], axis=1) == labels[:count]
    layers = layer_rows(facts, done, board)
    neurons = sum(layer["neurons"] for layer in layers)
    mean_rate = sum(layer["rate"] * layer["neurons"] for layer in layers) / neurons if neurons else None
    unit, factor = unit_of(board)
    step_ticks = np.stack(done.step_ticks).mean(axis=0) * factor if count else np.zeros(len(facts.steps))
    return {
        "board": board.name,
        "core": core,
        "model": facts.name,
        "model_sha256": facts.sha256,
        "data": data_name,
        "images": count,
        "images_asked_for": len(labels),
        "correct": correct,
        "accuracy": correct / count if count else None,
        "host_accuracy": float(agreed.mean()) if count else None,
        "mismatched_logits": done.logits_equal.count(False),
        "mismatched_spike_counts": done.counts_equal.count(False),
        "latency": latency(done.ticks, board),
        "layers": layers,
        "steps": [
            {
                "name": step.name,
                "kind": step.kind,
                "dense_macs": step.dense_macs,
                "ticks": round(float(value), 1),
            }
            for step, value in zip(facts.steps, step_ticks)
        ],
        "ticks_unit": unit,
        "mean_rate": round(mean_rate, 6) if mean_rate is not None else None,
        "sops": float(host.sops[:count].mean()) if count else None,
        "dense_macs": sum(step.dense_macs for step in facts.steps),
        **sizes,
        "stack_used": done.stack_used,
        "retries": done.retries,
        "stopped": done.stopped,
        "tool_versions": tool_versions(board),
    }


def write_text(path: Path, text: str) -> None:
    """Writes a file aside and renames it; InputError if the folder cannot be written."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        aside.unlink(missing_ok=True)


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Writes ``report.json``."""
    write_text(folder / "report.json", json.dumps(report, indent=1, allow_nan=False) + "\n")


def write_predictions(
    folder: Path, facts: ModelFacts, done: Evaluation, labels: np.ndarray, host: HostResults, board: Board
) -> None:
    """Writes ``predictions.csv``: a row an image."""
    unit, factor = unit_of(board)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["index", "label", "device", "host", "device_class", "logits_equal", "counts_equal", unit])
    expected = np.argmax(host.logits, axis=1)
    for index, item in enumerate(done.rows):
        row = [index, int(labels[index]), item.prediction, int(expected[index]), facts.classes[item.prediction]]
        writer.writerow([*row, item.logits_equal, item.counts_equal, round(item.result.ticks * factor, 4)])
    write_text(folder / "predictions.csv", buffer.getvalue())
