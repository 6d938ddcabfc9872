"""Every shipped model on every core, against the dense rival: benchmarks/results.json and results.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_snn import data
from edge_snn.data.dataset import Dataset
from edge_snn.errors import DeviceError, InputError, MismatchError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.report import tool_versions
from edge_snn.profile import rival
from edge_snn.profile.measure import measure
from edge_snn.profile.report import describe, objection
from firmware_gen import boards

# One board a core, the smallest core first.
BOARDS = ("microbit", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")
IMAGES = 10
# Sets measured on the first images of another: those that ship, or those that any copy of the set has (training
# images, as half of CIFAR-10's test set was not at hand where its models were made).
MEASURED_ON = {"fashion-mnist": "fashion-mnist-1000", "cifar10": "cifar10-calibration"}


def images_for(
    card: dict[str, Any], model: IntegerModel, count: int, places: Mapping[str, str] | None = None
) -> Dataset:
    """The images that a shipped model is measured on: see :data:`MEASURED_ON`.

    Args:
        places: other names, files or folders for data sets, by the name in the card.

    Raises:
        EdgeSnnError: the data set cannot be had here.
    """
    name = str(card["data"])
    place = (places or {}).get(name) or MEASURED_ON.get(name, name)
    return data.fit(data.load(place, "test", count), model.input_shape)


def bench_model(
    model: IntegerModel,
    dataset: Dataset,
    folder: Path,
    board_names: tuple[str, ...] = BOARDS,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """One model on some boards, as plain data that is the same in every run.

    Raises:
        MismatchError: a device and the host differ, or inference executed what it must not.
        DeviceError: an emulator failed.
        ToolMissingError: compiler, emulator or disassembler is missing.
    """
    cores: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    facts: dict[str, Any] = {}
    for name in board_names:
        board = boards.load(name)
        core = rival.short(board.core)
        say(f"{model.name} on {name}")
        try:
            made = measure(model, board, dataset, folder / f"{model.sha256[:12]}-{name}", with_histogram=True)
        except InputError as error:
            if "does not fit" not in error.diagnostic.reason:
                raise
            left_out[core] = error.diagnostic.reason
            continue
        report = describe(made)
        if report["stopped"]:
            raise DeviceError(report["stopped"], where=name)
        if report["mismatched_images"]:
            raise MismatchError(f"device and host differ in {report['mismatched_images']} images", where=name)
        if objection(report):
            raise MismatchError(objection(report), where=f"{model.name} on {name}", hint=f"edge-snn verify {made.elf}")
        cores[core] = _core(report)
        facts = {
            "mean_rate": report["total"]["rate"],
            "rates": {row["name"]: row["rate"] for row in report["layers"] if row["rate"] is not None},
            "dense_macs": report["total"]["dense_macs"],
        }
    return {
        "sha256": model.sha256,
        "timesteps": model.graph.timesteps,
        "data": dataset.name,
        "images": len(dataset.x),
        **facts,
        "cores": cores,
        "left_out": left_out,
    }


def _core(report: dict[str, Any]) -> dict[str, Any]:
    total = report["total"]
    cycles, basis = rival.cycles(report["core"], total["dense_macs"])
    ours = total["modelled_cycles"]
    return {
        "board": report["board"],
        "core": report["core"],
        "instructions": total["instructions"],
        "min": total["min"],
        "max": total["max"],
        "rival_instructions": total["rival_instructions"],
        "ratio": total["ratio"],
        "modelled_cycles": ours,
        "rival_modelled_cycles": round(cycles) if cycles is not None else None,
        "cycles_ratio": round(ours / cycles, 4) if ours is not None and cycles is not None else None,
        "cycle_model": {key: report["cycle_model"][key] for key in ("kind", "source")},
        "rival_cycle_model": basis,
        "histogram": total["histogram"],
        "forbidden_executed": report["proof"]["forbidden"],
        "layers": [{key: value for key, value in row.items() if key != "histogram"} for row in report["layers"]],
    }


def earlier(document: Any, model: IntegerModel) -> dict[str, Any] | None:
    """The row of ``model`` in an earlier results.json, if it is of this very file."""
    row = document.get("models", {}).get(model.name) if isinstance(document, dict) else None
    return row if isinstance(row, dict) and row.get("sha256") == model.sha256 else None


def results(
    models: dict[str, dict[str, Any]], left_out: dict[str, str] | None = None, kept: dict[str, str] | None = None
) -> dict[str, Any]:
    """The whole of results.json.

    Args:
        left_out: why a model could not be measured.
        kept: why a row is of an earlier run.
    """
    versions = tool_versions(boards.load(BOARDS[-1]))
    published = rival.table()
    return {
        "unit": "executed instructions of a whole inference, mean over the images; QEMU -icount",
        "rival": {"name": published["name"], "method": published["method"]},
        "tools": {name: versions[name] for name in ("edge_snn", "arm-none-eabi-gcc", "qemu-system-arm")},
        "models": models,
        "left_out": left_out or {},
        "kept": kept or {},
    }


def markdown(document: dict[str, Any]) -> str:
    """The same for people."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; how to read it: [docs/performance.md](../docs/performance.md).",
        "",
    ]
    lines += [f"Instructions: {document['unit']}. Rival: {document['rival']['name']}, one pass of the same shapes."]
    lines += ["", *(f"- {name}: {version}" for name, version in document["tools"].items()), ""]
    for name, model in document["models"].items():
        lines += _model(name, model)
    lines += [f"Not measured: {name}: {reason}." for name, reason in document["left_out"].items()]
    lines += [f"Of an earlier run: {name}, as its images: {reason}." for name, reason in document["kept"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _model(name: str, model: dict[str, Any]) -> list[str]:
    lines = [f"## {name}", ""]
    lines.append(
        f"T = {model['timesteps']}, the first {model['images']} images of {model['data']}, "
        f"mean firing rate {_number(model.get('mean_rate'), '.4f')}, "
        f"{_number(model.get('dense_macs'))} dense MACs; model {model['sha256'][:12]}."
    )
    lines += ["", "| core | board | instructions | rival | ratio | = 1 / | modelled cycles | rival, cycles | ratio |"]
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for core, row in model["cores"].items():
        cells = [core, row["board"], _number(row["instructions"]), _number(row["rival_instructions"])]
        cells += [_number(row["ratio"], ".3f"), _number(1 / row["ratio"] if row["ratio"] else None, ".2f")]
        cells += [_number(row[key]) for key in ("modelled_cycles", "rival_modelled_cycles")]
        lines.append("| " + " | ".join([*cells, _number(row["cycles_ratio"], ".3f")]) + " |")
    lines.append("")
    lines += [f"- {core}: {reason}." for core, reason in model["left_out"].items()]
    lines += [f"- Cycles, {core}: {_basis(row)}" for core, row in model["cores"].items()]
    lines += ["- Multiplies, divides and floating-point instructions executed: none on any of these cores.", ""]
    if model["cores"]:
        lines += _layers(model["cores"])
    return lines


def _basis(row: dict[str, Any]) -> str:
    if row["modelled_cycles"] is None:
        return f"none. {row['cycle_model']['source']}."
    theirs = "no rival: " if row["rival_modelled_cycles"] is None else "rival: "
    return f"{row['cycle_model']['kind']}. {row['cycle_model']['source']}; {theirs}{row['rival_cycle_model']}."


def _layers(cores: dict[str, Any]) -> list[str]:
    heads = "".join(f" {core} | ratio |" for core in cores)
    lines = [
        f"| layer | kind | neurons | rate | dense MACs |{heads}",
        "|---|---|--:|--:|--:|" + "--:|--:|" * len(cores),
    ]
    tables = [{layer["name"]: layer for layer in row["layers"]} for row in cores.values()]
    for name in dict.fromkeys(name for table in tables for name in table):
        rows = [table.get(name) for table in tables]  # cores may cut a model into other steps
        first = next(row for row in rows if row is not None)
        cells = [name.replace("|", "\\|"), first["kind"], _number(first["neurons"]), _number(first["rate"], ".3f")]
        cells.append(_number(first["dense_macs"]))
        for row in rows:
            cells += [_number(row["instructions"]), _number(row["ratio"], ".3f")] if row else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _number(value: Any, form: str = ",") -> str:
    return "" if value is None else format(value, form)
