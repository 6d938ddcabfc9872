"""Every shipped model on every core, beside what CMSIS-NN costs: benchmarks/results.json and results.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_snn import data
from edge_snn.data.dataset import Dataset
from edge_snn.errors import DeviceError, InputError, MismatchError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.report import tool_versions
from edge_snn.profile import measured, rival, tables
from edge_snn.profile.measure import measure
from edge_snn.profile.report import describe, objection
from firmware_gen import boards
from firmware_gen.boards import Board

# One board a core, the smallest core first.
BOARDS = ("microbit", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")
# Where a model does not fit: an Armv7-M board runs Armv6-M code.
ROOMIER = {"microbit": "mps2-an385"}
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
    data_set: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """One model on some boards, as plain data that is the same in every run.

    Args:
        data_set: what the model was trained on, by the name in :mod:`~edge_snn.profile.measured`; "" for none of them.

    Raises:
        MismatchError: a device and the host differ, or inference executed what it must not.
        DeviceError: an emulator failed.
        ToolMissingError: compiler, emulator or disassembler is missing.
    """
    cores: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    facts: dict[str, Any] = {}
    for name in board_names:
        core = rival.short(boards.load(name).core)
        say(f"{model.name} on {name}")
        made = None
        for board, label in _places(name):
            try:
                made = measure(model, board, dataset, folder / f"{model.sha256[:12]}-{name}", with_histogram=True)
                break
            except InputError as error:
                if "does not fit" not in error.diagnostic.reason:
                    raise
                left_out.setdefault(core, f"{label}: {error.diagnostic.reason}")
        if made is None:
            continue
        report = describe(made)
        if report["stopped"]:
            raise DeviceError(report["stopped"], where=name)
        if report["mismatched_images"]:
            raise MismatchError(f"device and host differ in {report['mismatched_images']} images", where=name)
        if objection(report):
            raise MismatchError(objection(report), where=f"{model.name} on {name}", hint=f"edge-snn verify {made.elf}")
        cores[core] = {**_core(report), "board": label}
        facts = {
            "mean_rate": report["total"]["rate"],
            "rates": {row["name"]: row["rate"] for row in report["layers"] if row["rate"] is not None},
            "dense_macs": report["total"]["dense_macs"],
        }
    return {
        "sha256": model.sha256,
        "timesteps": model.graph.timesteps,
        "data_set": data_set,
        "data": dataset.name,
        "images": len(dataset.x),
        **facts,
        "cores": cores,
        "left_out": left_out,
    }


def _places(name: str) -> Iterator[tuple[Board, str]]:
    """The board, and one with more memory that runs code for the same core, with what the tables call them."""
    board = boards.load(name)
    yield board, name
    if name in ROOMIER:
        roomy = boards.load(ROOMIER[name])
        label = f"{roomy.name}, code for {rival.short(board.core)}"
        yield replace(roomy, core=board.core, cpu_flags=board.cpu_flags), label


def _core(report: dict[str, Any]) -> dict[str, Any]:
    total = report["total"]
    return {
        "board": report["board"],
        "core": report["core"],
        "flash_bytes": report["flash_bytes"],
        "ram_bytes": report["ram_bytes"],
        "instructions": total["instructions"],
        "min": total["min"],
        "max": total["max"],
        "modelled_cycles": total["modelled_cycles"],
        "cycle_model": {key: report["cycle_model"][key] for key in ("kind", "source")},
        "rival_instructions": total["rival_instructions"],
        "ratio": total["ratio"],
        "histogram": total["histogram"],
        "forbidden_executed": report["proof"]["forbidden"],
        "layers": [{key: value for key, value in row.items() if key != "histogram"} for row in report["layers"]],
    }


def on_card(card: dict[str, Any], cores: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The card with the instructions of each core, and with the sizes on the board that it names."""
    sizes = next((row for row in cores.values() if row["board"] == card["board"]), {})
    found = {key: sizes[key] for key in ("flash_bytes", "ram_bytes") if key in sizes}
    return {**card, **found, "instructions": {core: row["instructions"] for core, row in cores.items()}}


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
    reckoned = rival.table()
    return {
        "unit": "executed instructions of a whole inference, mean over the images; QEMU -icount",
        "measured": measured.document(),
        "rival": {"name": reckoned["name"], "method": reckoned["method"]},
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
    lines += [f"Instructions: {document['unit']}.", ""]
    lines += [*(f"- {name}: {version}" for name, version in document["tools"].items()), ""]
    lines += _measured(document["measured"])
    for name, model in document["models"].items():
        lines += _model(name, model)
    lines += [f"Not measured: {name}: {reason}." for name, reason in document["left_out"].items()]
    lines += [f"Of an earlier run: {name}, as {reason}." for name, reason in document["kept"].items()]
    return "\n".join(lines).rstrip() + "\n"


def _measured(document: dict[str, Any]) -> list[str]:
    lines = [f"## {document['name']}", "", f"{document['commit']}, {document['compiler']}.", ""]
    lines += [*(f"- {line}" for line in document["method"]), "", *tables.measured_networks(), ""]
    return lines


def _model(name: str, model: dict[str, Any]) -> list[str]:
    against = measured.rival_of(model.get("data_set", ""))
    lines = [f"## {name}", ""]
    lines.append(
        f"T = {model['timesteps']}, the first {model['images']} images of {model['data']}, "
        f"mean firing rate {tables.number(model.get('mean_rate'), '.4f')}, "
        f"{tables.number(model.get('dense_macs'))} dense MACs; model {model['sha256'][:12]}."
    )
    title = f"of {against.title} by CMSIS-NN" if against else "of a network measured on this data: none"
    lines += [
        "",
        f"| core | board | flash | RAM | instructions | {title} | modelled cycles | of its | same shapes | ratio |",
    ]
    lines.append("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for core, row in model["cores"].items():
        theirs = (against.instructions.get(core), against.modelled_cycles.get(core)) if against else (None, None)
        cells = [core, row["board"], *(tables.number(row.get(key)) for key in ("flash_bytes", "ram_bytes"))]
        cells += [tables.number(row["instructions"]), tables.ratio(row["instructions"], theirs[0])]
        cells += [tables.number(row["modelled_cycles"]), tables.ratio(row["modelled_cycles"], theirs[1])]
        cells += [tables.number(row["rival_instructions"]), tables.number(row["ratio"], ".3f")]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"- {core}: {reason}." for core, reason in model["left_out"].items()]
    lines += [f"- Cycles, {core}: {_basis(row)}" for core, row in model["cores"].items()]
    lines += ["- Multiplies, divides and floating-point instructions executed: none on any of these cores.", ""]
    if model["cores"]:
        lines += _layers(model["cores"])
    return lines


def _basis(row: dict[str, Any]) -> str:
    kind = "none" if row["modelled_cycles"] is None else row["cycle_model"]["kind"]
    return f"{kind}. {row['cycle_model']['source']}."


def _layers(cores: dict[str, Any]) -> list[str]:
    heads = "".join(f" {core} | ratio |" for core in cores)
    lines = [
        f"| layer | kind | neurons | rate | dense MACs |{heads}",
        "|---|---|--:|--:|--:|" + "--:|--:|" * len(cores),
    ]
    by_name = [{layer["name"]: layer for layer in row["layers"]} for row in cores.values()]
    for name in dict.fromkeys(name for table in by_name for name in table):
        rows = [table.get(name) for table in by_name]  # cores may cut a model into other steps
        first = next(row for row in rows if row is not None)
        cells = [
            name.replace("|", "\\|"),
            first["kind"],
            tables.number(first["neurons"]),
            tables.number(first["rate"], ".3f"),
        ]
        cells.append(tables.number(first["dense_macs"]))
        for row in rows:
            cells += [tables.number(row["instructions"]), tables.number(row["ratio"], ".3f")] if row else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]
