"""Tables of README.md and of benchmarks/results.md, in Markdown, from results.json, the cards and what was measured.

README holds them between ``<!-- table: NAME -->`` and ``<!-- end -->``; ``tools/bench.py --readme`` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge_snn.errors import InputError
from edge_snn.profile import measured
from edge_snn.profile.rival import short
from firmware_gen import boards

CORES = ("M0", "M3", "M4", "M7", "M33", "M55")
OFFICIAL = {"fashion-mnist": 10_000, "cifar10": 10_000}  # test images of the data set
BEGIN, END = "<!-- table: {} -->", "<!-- end -->"

Cards = Mapping[str, Mapping[str, Any]]
Models = Mapping[str, Mapping[str, Any]]


def number(value: Any, form: str = ",") -> str:
    """A figure as it is shown; nothing where there is none."""
    return "" if value is None else format(value, form)


def ratio(ours: float | None, theirs: float | None) -> str:
    """Ours over theirs; nothing where either is missing."""
    return number(ours / theirs if ours is not None and theirs else None, ".3f")


def millions(value: float | None) -> str:
    """A count in millions, of three or four digits."""
    if value is None:
        return ""
    return f"{value / 1e6:.1f} M" if value >= 10e6 else f"{value / 1e6:.2f} M"


def _count(value: int | None) -> str:
    """A count in full, or in millions where it is known to three digits only."""
    return number(value) if value is None or value % 1000 else millions(value)


def measured_networks() -> list[str]:
    """Every network measured with CMSIS-NN: instructions on each core, and modelled cycles where they are known."""
    lines = _head(["network", "MMAC", "accuracy", "flash, M4", "RAM, M4", *CORES])
    for network in measured.networks().values():
        cells = [network.title, f"{network.macs / 1e6:.2f}", _percent(network.accuracy)]
        cells += [_kilobytes(network.flash_bytes), _kilobytes(network.ram_bytes, network.ram_note)]
        lines.append(_row([*cells, *(_count(network.instructions.get(core)) for core in CORES)]))
        if network.modelled_cycles:
            cycles = (millions(network.modelled_cycles.get(core)) for core in CORES)
            lines.append(_row(["its modelled cycles", "", "", "", "", *cycles]))
    return lines


def equal_accuracy(data: str, cards: Cards, models: Models) -> list[str]:
    """What a data set's accuracy costs: the measured network first, then every shipped model, the most accurate first.

    Args:
        data: name of the data set, as on the cards.
        cards: of all shipped models.
        models: rows of results.json.

    Raises:
        InputError: no network was measured on that data.
    """
    rival = measured.rival_of(data)
    if rival is None:
        raise InputError(f"no dense network was measured on {data!r}")
    lines = _head(["network", "accuracy", "flash, M4", "RAM, M4", "an image", *CORES])
    cells = [f"{rival.title}, CMSIS-NN", _percent(rival.accuracy)]
    cells += [_kilobytes(rival.flash_bytes), _kilobytes(rival.ram_bytes, rival.ram_note)]
    lines += _costs(cells, rival.instructions, rival.modelled_cycles, None)
    shown = [name for name in cards if cards[name]["data"] == data and name in models]
    for name in sorted(shown, key=lambda name: -cards[name]["integer_test_accuracy"]):
        card, found = cards[name], models[name]["cores"]
        cells = [f"`{name}` ({card.get('kind', 'spikes')})", _percent(card["integer_test_accuracy"])]
        cells += [_kilobytes({**card, **found.get("M4", {})}[key]) for key in ("flash_bytes", "ram_bytes")]
        counts = {core: row["instructions"] for core, row in found.items()}
        cycles = {core: row["modelled_cycles"] for core, row in found.items()}
        lines += _costs(cells, counts, cycles, rival)
    return lines


def shipped(cards: Cards) -> list[str]:
    """The shipped models, from their cards; instructions are those of the board's core."""
    heads = [
        "model",
        "test images",
        "weights",
        "float",
        "integer",
        "mean rate",
        "board",
        "flash",
        "RAM",
        "instructions",
    ]
    lines = _head(heads)
    for name in sorted(cards):
        card = cards[name]
        core = short(boards.load(card["board"]).core)
        cells = [f"`{name}`", _images(card), f"{card['weight_bytes']:,} B"]
        cells += [_percent(card["float_test_accuracy"]), _percent(card["integer_test_accuracy"])]
        cells += [f"{card['mean_rate']:.3f}"[1:], f"{card['board']} ({core})"]
        cells += [f"{card[key]:,} B" for key in ("flash_bytes", "ram_bytes")]
        lines.append(_row([*cells, number(card.get("instructions", {}).get(core))]))
    return lines


def cores(models: Models) -> list[str]:
    """Instructions of every model on every core."""
    lines = _head(["model", *CORES])
    for name, model in models.items():
        counts = (model["cores"].get(core, {}).get("instructions") for core in CORES)
        cells = (number(count) if count else "does not fit" for count in counts)
        lines.append(_row([f"`{name}`", *cells]))
    return lines


def _head(heads: Sequence[str]) -> list[str]:
    return [_row(heads), "|---|" + "--:|" * (len(heads) - 1)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _costs(
    cells: list[str],
    instructions: Mapping[str, int],
    cycles: Mapping[str, int | None],
    rival: measured.Network | None,
) -> list[str]:
    """Two rows: instructions, and modelled cycles; with the ratio to the rival's where one is given."""

    def shown(ours: Mapping[str, int | None], theirs: Mapping[str, int | None]) -> list[str]:
        texts = []
        for core in CORES:
            part = ratio(ours.get(core), theirs.get(core))
            texts.append(millions(ours.get(core)) + (f" ({part.lstrip('0')})" if part else ""))
        return texts

    first = shown(instructions, rival.instructions if rival else {})
    second = shown(cycles, rival.modelled_cycles if rival else {})
    return [_row([*cells, "instructions", *first]), _row([*[""] * len(cells), "modelled cycles", *second])]


def _images(card: Mapping[str, Any]) -> str:
    count, data = card["test_images"], card["data"]
    whole = OFFICIAL.get(data)
    if whole is None:
        return f"{count:,} of {data}"
    return f"official {whole:,}" if count == whole else f"{count:,} of the official {whole:,}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"


def _kilobytes(count: int | None, note: str = "") -> str:
    if count is None:
        return ""
    return f"{count / 1000:.1f} kB" + (f" {note}" if note else "")


def fill(text: str, made: Mapping[str, Callable[[], list[str]]]) -> str:
    """``text`` with every table in it written anew.

    Raises:
        InputError: a table is not in the text, or has no end.
    """
    for name, make in made.items():
        begin = text.find(BEGIN.format(name))
        end = text.find(END, begin)
        if begin < 0 or end < 0:
            raise InputError(f"has no place for the table {name!r}", hint=f"{BEGIN.format(name)} .. {END}")
        text = text[:begin] + "\n".join([BEGIN.format(name), *make()]) + "\n" + text[end:]
    return text


def readme_tables(cards: Cards, models: Models) -> dict[str, Callable[[], list[str]]]:
    """The tables of README.md by name."""
    return {
        "cifar10": lambda: equal_accuracy("cifar10", cards, models),
        "shipped": lambda: shipped(cards),
        "cores": lambda: cores(models),
    }
