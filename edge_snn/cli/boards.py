"""``edge-snn boards``: what firmware can be built for."""

from __future__ import annotations

from typing import Any

import click

from edge_snn.cli.common import console, json_option, make_table, print_json


@click.command("boards")
@json_option
def command(as_json: bool) -> None:
    """List the boards.

    \b
    Example:
      edge-snn boards
    """
    from firmware_gen import boards

    facts: list[dict[str, Any]] = []
    for name in boards.names():
        board = boards.load(name)
        facts.append(
            {
                "name": board.name,
                "core": board.core,
                "title": board.title,
                "flash_bytes": board.flash.length if board.flash else None,
                "ram_bytes": board.ram.length if board.ram else None,
                "emulated": bool(board.machine),
                "notes": board.notes,
            }
        )
    if as_json:
        print_json({"boards": facts})
        return
    table = make_table("board", "core", "flash", "RAM", "emulated", "")
    for item in facts:
        sizes = [f"{item[key] // 1024} KiB" if item[key] else "-" for key in ("flash_bytes", "ram_bytes")]
        table.add_row(item["name"], item["core"], *sizes, "yes" if item["emulated"] else "no", item["title"])
    console(False).print(table)
