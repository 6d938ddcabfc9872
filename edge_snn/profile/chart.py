"""Bar chart of a profile: executed instructions by layer, stacked by class where they are known. Needs matplotlib."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from edge_snn.errors import InputError, ToolMissingError
from edge_snn.files import writing

SUFFIXES = (".png", ".svg")
# A few groups of classes: more would not be told apart in a bar.
GROUPS = {
    "loads": ("load", "load multiple", "helium load"),
    "stores": ("store", "store multiple", "helium store"),
    "adds": ("add, subtract", "packed", "helium add"),
    "logic, shifts, moves": (
        *("logic", "move", "shift", "extend, bit field", "compare"),
        *("helium logic", "helium shift", "helium move", "helium compare"),
    ),
    "branches, calls": ("branch taken", "branch not taken", "call", "return"),
}
REST = "other"


def check(path: Path) -> None:
    """Raises unless a chart can be drawn into the file.

    Raises:
        InputError: a suffix other than .png and .svg, or no such folder.
        ToolMissingError: matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("a chart is a .png or .svg file", where=str(path))
    if not path.parent.is_dir():
        raise InputError("the folder for the output does not exist", where=str(path.parent))
    if importlib.util.find_spec("matplotlib") is None:
        raise ToolMissingError(
            "charts need matplotlib", hint="pip install 'edge-snn[chart]', or: pip install matplotlib"
        )


def parts(layer: dict[str, Any]) -> dict[str, int]:
    """Instructions of a layer by group; all in one where classes were not counted."""
    classes = layer.get("histogram")
    if classes is None:
        return {"instructions": layer["instructions"]}
    found = {group: sum(classes.get(name, 0) for name in names) for group, names in GROUPS.items()}
    found[REST] = sum(classes.values()) - sum(found.values())
    return found


def write(report: dict[str, Any], path: Path) -> None:
    """Draws the chart, aside first and renamed when whole."""
    check(path)
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "edge-snn"  # the same picture gives the same file
    from matplotlib.figure import Figure

    layers = report["layers"]
    names = [layer["name"].replace("$", r"\$") for layer in layers]  # a $ would begin a formula
    figure = Figure(figsize=(9, 1.4 + 0.32 * len(layers)), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(layers)
    for group in parts(layers[0]):
        widths = [float(parts(layer)[group]) for layer in layers]
        axes.barh(range(len(layers)), widths, left=left, label=group)
        left = [start + width for start, width in zip(left, widths)]
    rivals = [layer["rival_instructions"] for layer in layers]
    shown = [(place, value) for place, value in enumerate(rivals) if value]
    if shown:
        axes.plot([v for _, v in shown], [p for p, _ in shown], "k|", markersize=12, label="dense int8, one pass")
    axes.set_yticks(range(len(layers)), names)
    axes.invert_yaxis()
    axes.set_xlabel("executed instructions an image")
    axes.set_title(f"{report['model']} on {report['board']} ({report['core']})".replace("$", r"\$"), fontsize=10)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:,.0f}k")
    axes.legend(fontsize=8)
    with writing(path) as aside:
        figure.savefig(aside, format=path.suffix[1:].lower(), dpi=120, metadata=_metadata(path))


def _metadata(path: Path) -> dict[str, Any]:
    """Without the date, so that equal charts are equal files."""
    return {"Date": None} if path.suffix.lower() == ".svg" else {}
