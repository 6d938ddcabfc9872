"""Writes the tables of README.md anew from benchmarks/results.json and the models' cards. `make bench` ends with it.

python tools/readme_tables.py
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge_snn.cli.main import main as run
from edge_snn.files import write_text
from edge_snn.models import zoo
from edge_snn.profile import tables

ROOT = Path(__file__).resolve().parent.parent


def filled(text: str) -> str:
    """README's text with today's tables."""
    models = json.loads((ROOT / "benchmarks" / "results.json").read_text())["models"]
    return tables.fill(text, tables.readme_tables({name: zoo.card(name) for name in zoo.names()}, models))


@click.command()
def main() -> None:
    """Writes README.md."""
    path = ROOT / "README.md"
    write_text(path, filled(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    run(command=main)
