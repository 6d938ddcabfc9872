"""Writes benchmarks/results.json and results.md: every shipped model on every core. `make bench`.

With --cards the instructions of each core, and the sizes on the card's board, go on the models' cards as well. A model
whose images cannot be had here, or that was not asked for, keeps its row of an earlier run, if that was of the same
.esnn; the files say so.

python tools/bench.py --out benchmarks [--model fashion-mnist] [--images 10] [--data cifar10=cifar10.npz]
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge_snn.api import load
from edge_snn.cli.main import main as run
from edge_snn.errors import EdgeSnnError
from edge_snn.files import write_text
from edge_snn.models import zoo
from edge_snn.profile import bench


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("benchmarks"), show_default=True)
@click.option("--model", "names", multiple=True, help="Only this shipped model; may be repeated.")
@click.option("--board", "board_names", multiple=True, help="Only this board; may be repeated.")
@click.option("--data", "sources", multiple=True, metavar="NAME=SOURCE", help="Where the images of data set NAME are.")
@click.option("--images", type=click.IntRange(min=1), default=bench.IMAGES, show_default=True)
@click.option("--cards", is_flag=True, help="Write instructions and sizes on the models' cards.")
def main(
    out: Path, names: tuple[str, ...], board_names: tuple[str, ...], sources: tuple[str, ...], images: int, cards: bool
) -> None:
    """Measures and writes both files."""
    places = {name: source for name, _, source in (text.partition("=") for text in sources)}
    before = out / "results.json"
    old = json.loads(before.read_text()) if before.exists() else {}
    models, left_out, kept = {}, {}, {}
    for name in zoo.names():
        model = load(name)
        if names and name not in names:
            row = bench.earlier(old, model)
            if row:
                models[name], kept[name] = row, "it was not asked for"
            continue
        try:
            dataset = bench.images_for(zoo.card(name), model, images, places)
        except EdgeSnnError as error:  # a set that cannot be had here, e.g. a download without Keras
            row = bench.earlier(old, model)
            click.echo(f"{'kept from an earlier run' if row else 'left out'}: {name}: {error}", err=True)
            if row:
                models[name], kept[name] = row, f"its images: {error.diagnostic.reason}"
            else:
                left_out[name] = error.diagnostic.reason
            continue
        models[name] = bench.bench_model(
            model,
            dataset,
            Path("build") / "bench",
            board_names or bench.BOARDS,
            zoo.card(name)["data"],
            lambda text: click.echo(text, err=True),
        )
    document = bench.results(models, left_out, kept)
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "results.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_text(out / "results.md", bench.markdown(document))
    for name, made in models.items():
        if cards and name not in kept:
            card = bench.on_card(zoo.card(name), made["cores"])
            write_text(zoo.FOLDER / f"{name}.card.json", json.dumps(card, indent=1) + "\n")
        for core, row in made["cores"].items():
            click.echo(f"{name} {core}: {row['instructions']:,} instructions")


if __name__ == "__main__":
    run(command=main)
