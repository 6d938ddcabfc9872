"""``edge-snn anytime``: accuracy against the number of time steps, and of runs that stop early."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from edge_snn.api import load
from edge_snn.cli.common import console, images_options, json_option, make_table, print_json, progress_bar
from edge_snn.errors import InputError
from edge_snn.graph.graph import MAX_TIMESTEPS, check_spiking

if TYPE_CHECKING:
    from edge_snn.data import Dataset
    from edge_snn.graph.model import IntegerModel


def parse_timesteps(text: str) -> tuple[int, ...]:
    """Numbers of steps from a list such as ``1,2,4``, in order; InputError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part in map(str, range(1, MAX_TIMESTEPS + 1)) for part in parts):
        raise InputError(f"time steps must be numbers from 1 to {MAX_TIMESTEPS} with commas, not {text[:40]!r}")
    return tuple(sorted({int(part) for part in parts}))


@click.command("anytime")
@images_options
@click.option("--timesteps", "steps_text", default="1,2,4,6,8", show_default=True, help="Numbers of time steps.")
@click.option("--schedule", "schedules", multiple=True, metavar="A+B..", help="Steps of each chunk [default: several].")
@click.option("--validation", metavar="DATA", help="Data set whose held-out training images choose the margin.")
@click.option("--held-out", type=click.IntRange(min=1), help="Its last N training images [default: as trained].")
@click.option(
    "--loss", type=click.FloatRange(0, 1), default=0.002, show_default=True, help="Accuracy a margin may cost on them."
)
@json_option
def command(
    model_path: str,
    data_name: str,
    split: str,
    limit: int | None,
    steps_text: str,
    schedules: tuple[str, ...],
    validation: str | None,
    held_out: int | None,
    loss: float,
    as_json: bool,
) -> None:
    """Score MODEL (an .esnn file or a shipped model's name) for other numbers of time steps, in the integer reference.

    Then two rules that stop a run between the chunks of a schedule: an exact one, when no spikes to come can change the
    class, and one by margin, when the best logit is that far ahead of the second. The margin is chosen on validation
    images: the smallest that loses no more than --loss there. See docs/anytime.md.

    \b
    Example:
      edge-snn anytime fashion-mnist --data fashion-mnist --validation fashion-mnist
    """
    from edge_snn import data
    from edge_snn.anytime import evaluate
    from edge_snn.anytime.partial import partial_sums

    model = load(model_path)
    check_spiking(model.graph)
    trained = model.graph.timesteps
    timesteps = parse_timesteps(steps_text)
    chunks = [evaluate.parse_schedule(text, trained) for text in schedules or evaluate.default_schedules(trained)]
    dataset = data.match_classes(data.fit(data.load(data_name, split, limit), model.input_shape), model.classes)
    kept = None if validation is None else _validation(model_path, model, validation, held_out)
    if kept is not None:
        evaluate.check_apart(kept, dataset)
    total = len(dataset.x) + (0 if kept is None else len(kept.x))
    with progress_bar("simulating", total, quiet=as_json) as done:
        chosen = None if kept is None else partial_sums(model, kept.x, trained, lambda count: done(count, "validation"))
        before = total - len(dataset.x)
        scored = partial_sums(model, dataset.x, max(trained, *timesteps), lambda count: done(before + count))
    labels = None if kept is None else kept.y
    facts: dict[str, Any] = {
        "model": model.name,
        "sha256": model.sha256,
        "trained_timesteps": trained,
        "data": dataset.name,
        "images": len(dataset.x),
        "validation": None if kept is None else {"data": kept.name, "images": len(kept.x), "loss": loss},
        "timesteps": evaluate.by_timesteps(scored, dataset.y, timesteps),
        "schedules": [evaluate.schedule(item, scored, dataset.y, chosen, labels, loss) for item in chunks],
    }
    if as_json:
        print_json(facts)
    else:
        _show(facts)


def _validation(model_path: str, model: IntegerModel, source: str, held_out: int | None) -> Dataset:
    """The held-out training images: the last of the training split, as in `edge-snn train`."""
    from edge_snn import data
    from edge_snn.models import zoo
    from edge_snn.training.recipe import Recipe

    if held_out is None:
        held_out = zoo.card(model_path)["recipe"]["held_out"] if model_path in zoo.names() else Recipe.held_out
    found = data.load(source, split="train")
    found = replace(found, x=found.x[-held_out:], y=found.y[-held_out:])
    return data.match_classes(data.fit(found, model.input_shape), model.classes)


def _show(facts: dict[str, Any]) -> None:
    out = console(False)
    trained = facts["trained_timesteps"]
    out.print(
        f"[bold]{escape(facts['model'])}[/bold] on {facts['images']} images of {escape(facts['data'])}; "
        f"trained for T = {trained}\n"
    )
    table = make_table("T", "accuracy", f"same class as T = {trained}")
    for row in facts["timesteps"]:
        table.add_row(str(row["timesteps"]), f"{row['accuracy']:.4f}", f"{row['same_class']:.4f}")
    out.print(table)
    if not facts["schedules"]:
        return
    table = make_table("schedule", "after", "accuracy", "same class", "exact: ended", "margin: ended")
    for item in facts["schedules"]:
        for place, row in enumerate(item["chunks"]):
            ended = [item[rule] and f"{item[rule]['ended'][place]:.1%}" for rule in ("exact", "margin")]
            name = "+".join(map(str, item["schedule"])) if place == 0 else ""
            figures = (f"{row['accuracy']:.4f}", f"{row['same_class']:.4f}")
            table.add_row(name, str(row["after"]), *figures, *(text or "" for text in ended))
    out.print()
    out.print(table)
    table = make_table("schedule", "rule", "margin", "mean steps", "accuracy", "lost", "lost in validation")
    for item in facts["schedules"]:
        name, full = "+".join(map(str, item["schedule"])), item["chunks"][-1]["accuracy"]
        for rule in ("exact", "margin"):
            found = item[rule]
            if found is None:
                continue
            there = found.get("validation")
            lost = f"{there['full_accuracy'] - there['accuracy']:.4f}" if there else ""
            margin = "" if rule == "exact" else "never" if found["margin"] is None else f"{found['margin']:,}"
            table.add_row(
                name,
                rule,
                margin,
                f"{found['mean_steps']:.3f}",
                f"{found['accuracy']:.4f}",
                f"{full - found['accuracy']:.4f}",
                lost,
            )
    out.print()
    out.print(table)
    if facts["validation"]:
        kept = facts["validation"]
        out.print(f"\nmargins chosen on {kept['images']} images of {escape(kept['data'])}, held out from training")
    else:
        out.print("\nno margin rule: give --validation")
