"""Geometry of the page's charts: numbers in, coordinates out. The template draws them as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

MAX_BINS = 40


class Tick(NamedTuple):
    """A mark on an axis: where, and what is written at it."""

    at: float
    label: str


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; ``title`` is shown on hovering, ``label`` written into it where it has room."""

    x: float
    y: float
    width: float
    height: float
    title: str = ""
    label: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Chart:
    """Rectangles between two axes, in a box of ``width`` x ``height`` pixels with the plot inside its margins.

    Attributes:
        marks: vertical lines over the plot.
    """

    width: float
    height: float
    left: float
    bottom: float
    rects: tuple[Rect, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...] = ()


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within [low, high], roughly ``about`` of them."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / about))
    choices = []
    for step in (power * factor for factor in (0.5, 1, 2, 2.5, 5, 10)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        choices.append([index * step for index in range(first, last + 1)])
    return min(choices, key=lambda ticks: abs(len(ticks) - about))


def number(value: float | None) -> str:
    """A number for people: thousands apart, four significant digits below 1,000."""
    if value is None:
        return "-"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def short(value: float) -> str:
    """A number for an axis: 22.5 M, 380 k, 0.25."""
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == ' k' else size):.4g}{suffix}"
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def histogram(values: Sequence[float], marks: Sequence[tuple[str, float]]) -> Chart:
    """Counts of values; ``marks`` are named values drawn as lines."""
    width, height, left, bottom, top, right = 920.0, 240.0, 48.0, 34.0, 30.0, 24.0
    data = np.asarray(values, np.float64)
    low, high = float(data.min()), float(data.max())
    if high == low:  # every one the same, as for repeats on an emulator
        low, high = low - max(abs(low) * 0.01, 0.5), high + max(abs(high) * 0.01, 0.5)
    bins = int(min(MAX_BINS, max(8, math.sqrt(len(data)) * 1.5)))
    counts, edges = np.histogram(data, bins, (low, high))
    peak = int(counts.max())
    plot_w, plot_h = width - left - right, height - bottom - top

    def x(value: float) -> float:
        return round(left + (value - low) / (high - low) * plot_w, 2)

    rects = []
    for count, start, end in zip(counts, edges[:-1], edges[1:]):
        if count:
            tall = round(float(count) / peak * plot_h, 2)
            title = f"{short(float(start))} to {short(float(end))}: {int(count)}"
            rects.append(Rect(x(start) + 0.5, top + plot_h - tall, max(x(end) - x(start) - 1, 1), tall, title))
    x_ticks = tuple(Tick(x(value), short(value)) for value in nice_ticks(low, high, 7))
    y_ticks = tuple(
        Tick(round(top + plot_h * (1 - value / peak), 2), short(value))
        for value in nice_ticks(0, peak, 4)
        if value == int(value)
    )
    lines = tuple(Tick(x(value), name) for name, value in marks)
    return Chart(width, height, left, bottom, tuple(rects), x_ticks, y_ticks, lines)


def rates(layers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per layer a small chart of the rate over time steps, all on one scale; minus spikes hang below the axis."""
    if not layers:
        return []
    ups, downs = [], []
    for layer in layers:
        neurons = layer["neurons"]
        ups.append([value / neurons for value in layer.get("plus_per_step", layer["spikes_per_step"])])
        downs.append([value / neurons for value in layer.get("minus_per_step", [])])
    peak = max([*(max(up) for up in ups), *(max(down) for down in downs if down)]) or 1.0
    width, bar_h, text = 236.0, 54.0, 14.0
    found = []
    for layer, up, down in zip(layers, ups, downs):
        slot = width / len(up)
        wide = min(slot - 6, 52.0)
        axis = text + bar_h
        bars = []
        for step, value in enumerate(up):
            tall = round(value / peak * bar_h, 2)
            at = round(step * slot + (slot - wide) / 2, 2)
            title = f"t = {step}: {value:.2%}" if len(up) > 1 else f"{value:.2%}"
            bars.append(Rect(at, axis - tall, wide, tall, title, f"{value:.1%}", "plus"))
        for step, value in enumerate(down):
            tall = round(value / peak * bar_h, 2)
            at = round(step * slot + (slot - wide) / 2, 2)
            bars.append(Rect(at, axis + 1, wide, tall, f"t = {step}: minus {value:.2%}", f"{value:.1%}", "minus"))
        lowest = max((bar.height for bar in bars if bar.kind == "minus"), default=0.0)
        height = axis + 2 + (lowest + text if down else 0)
        found.append({"layer": layer, "bars": bars, "axis": axis, "width": width, "height": round(height, 2)})
    return found


def memory_map(rows: Sequence[dict[str, Any]], steps: int) -> Chart:
    """Buffers of the arena: address upwards, steps to the right, while each is alive."""
    width, left, bottom, top, right = 920.0, 62.0, 34.0, 8.0, 8.0
    height = 380.0
    total = max(row["offset"] + row["bytes"] for row in rows)
    plot_w, plot_h = width - left - right, height - bottom - top
    column = plot_w / max(steps, 1)
    rects = []
    for row in rows:
        x, wide = left + row["first_step"] * column, (row["last_step"] - row["first_step"] + 1) * column
        tall = row["bytes"] / total * plot_h
        y = top + plot_h - (row["offset"] + row["bytes"]) / total * plot_h
        span = f"steps {row['first_step']} to {row['last_step']}"
        title = f"{row['buffer']}: {row['bytes']:,} bytes at {row['offset']:,}, {span} ({row['kind']})"
        room = int((wide - 8) / 6.4)
        label = row["buffer"] if tall >= 13 and len(row["buffer"]) <= room else ""
        kind = row["kind"].split(",")[0]
        rects.append(
            Rect(round(x, 2), round(y, 2), round(wide - 1, 2), round(max(tall - 1, 0.5), 2), title, label, kind)
        )
    every = max(1, -(-steps // 24))
    x_ticks = tuple(Tick(round(left + (step + 0.5) * column, 2), str(step)) for step in range(0, steps, every))
    y_ticks = tuple(
        Tick(round(top + plot_h * (1 - value / total), 2), f"{value:,.0f}") for value in nice_ticks(0, total, 6)
    )
    return Chart(width, height, left, bottom, tuple(rects), x_ticks, y_ticks)
