"""report.html: one self-contained page, without scripts, that opens from disk."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from edge_snn.harness import charts
from edge_snn.harness.evaluate import Evaluation
from edge_snn.harness.scoring import Scoring
from edge_snn.harness.timing import Timing

TEMPLATES = Path(__file__).parent / "templates"
MAX_PICTURES = 60
MAX_MATRIX = 30  # classes; beyond, only the commonest confusions are listed
MAX_CONFUSIONS = 10
ENLARGE_TO = 96  # pixels of the longer side, by whole factors


def page(
    report: dict[str, Any],
    done: Evaluation,
    images: np.ndarray,
    scoring: Scoring,
    timing: Timing,
) -> str:
    """The page's text.

    Args:
        report: what goes into report.json.
        images: uint8 [N, H, W, C], those that were sent.
    """
    factor = timing.factor
    values = [run.ticks * factor for row in done.rows for run in row.runs]
    time = report["latency"]
    marks = [(name, time[name]) for name in ("median", "p95")] if values else []
    right, names = scoring.right(done.logits, done.indices), report["classes"]
    wrong: Sequence[int] | np.ndarray = [] if right is None else np.flatnonzero(~right)
    shown = wrong[:MAX_PICTURES] if min(images.shape[1:3]) > 1 else []  # a row of numbers is no picture
    slowest = max((step["latency"]["max"] or 0 for step in report["steps"]), default=0) or 1
    heaviest = max((step["sops"] or 0 for step in report["steps"]), default=0) or 1
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            verdict=_verdict(report),
            scored=_score(report["metric"]["value"]),
            scored_there=_score(report["metric"]["host_value"]),
            histogram=charts.histogram(values, marks) if values else None,
            rates=charts.rates(report["layers"]),
            memory=charts.memory_map(report["memory"], len(report["steps"])) if report["memory"] else None,
            slowest=slowest,
            heaviest=heaviest,
            total_ticks=sum(step["ticks"] for step in report["steps"]) or 1,
            matrix=_matrix(report) if len(names) <= MAX_MATRIX else None,
            confusions=_confusions(report),
            recalls=_recalls(report),
            wrong=len(wrong),
            pictures=_pictures(shown, done, images, scoring, names),
            css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        )
    )


def _pictures(
    places: Sequence[int] | np.ndarray, done: Evaluation, images: np.ndarray, scoring: Scoring, names: list[str]
) -> list[dict[str, Any]]:
    """Images at these places of the evaluation, with their label and the class on the device."""
    labels, classes, indices = scoring.labels, scoring.classes(done.logits), done.indices
    return [
        {
            "index": int(indices[place]),
            "label": names[labels[indices[place]]],
            "prediction": names[classes[place]],
            "png": picture(images[indices[place]]),
        }
        for place in places
        if labels is not None and classes is not None
    ]


def picture(image: np.ndarray) -> str:
    """A data URL of an image, uint8 [H, W, C], as PNG; other than 1 or 3 channels are shown as their mean."""
    from PIL import Image

    if image.shape[2] not in (1, 3):
        image = np.round(image.mean(axis=2, keepdims=True)).astype(np.uint8)
    made = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    factor = max(1, ENLARGE_TO // max(made.size))
    stream = io.BytesIO()
    made.resize((made.width * factor, made.height * factor), Image.Resampling.NEAREST).save(
        stream, "PNG", optimize=True
    )
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=charts.number, percent=lambda value: "-" if value is None else f"{value:.2%}")
    return environment


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.5g}"


def _verdict(report: dict[str, Any]) -> str:
    """The page's first word: stopped, failed or passed."""
    states = {check["status"] for check in report["checks"]}
    return "stopped" if "error" in states else "failed" if "failed" in states else "passed"


def _matrix(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the confusion matrix with the share of each cell in its row."""
    return [
        {
            "name": name,
            "recall": row[index] / sum(row) if sum(row) else None,
            "cells": [
                {"count": count, "share": round(count / max(sum(row), 1), 3), "right": column == index}
                for column, count in enumerate(row)
            ],
        }
        for index, (name, row) in enumerate(zip(report["classes"], report["confusion"] or ()))
    ]


def _recalls(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Per class: images, and the share that was recognised."""
    return [
        {"name": name, "images": sum(row), "recall": row[index] / sum(row) if sum(row) else None}
        for index, (name, row) in enumerate(zip(report["classes"], report["confusion"] or ()))
        if sum(row)
    ]


def _confusions(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The commonest confusions of one class with another."""
    names = report["classes"]
    pairs = [
        {"label": names[i], "prediction": names[j], "count": count}
        for i, row in enumerate(report["confusion"] or ())
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(pairs, key=lambda pair: -int(pair["count"]))[:MAX_CONFUSIONS]
