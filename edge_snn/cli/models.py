"""``edge-snn models``: presets and shipped models."""

from __future__ import annotations

from typing import Any

import click

from edge_snn.cli.common import console, json_option, make_table, print_json


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Presets with their counts, and the cards of shipped models."""
    from edge_snn.models import PRESETS, zoo

    presets = []
    for config in PRESETS.values():
        presets.append(
            {
                "name": config.name,
                "input": "x".join(map(str, config.input_shape)),
                "depth": config.depth,
                "width": config.width,
                "heads": config.heads,
                "tokens": config.tokens,
                "timesteps": config.timesteps,
                "parameters": config.parameters,
                "dense_macs": sum(config.dense_macs().values()),
            }
        )
    return {"presets": presets, "shipped": [{"name": name, **zoo.card(name)} for name in zoo.names()]}


@click.command("models")
@json_option
def command(as_json: bool) -> None:
    """List presets and shipped models with their parameter counts.

    \b
    Example:
      edge-snn models
    """
    facts = catalogue()
    if as_json:
        print_json(facts)
        return
    out = console(False)
    table = make_table("preset", "input", "L", "width", "heads", "tokens", "parameters", "MACs")
    for item in facts["presets"]:
        values = [item[key] for key in ("name", "input", "depth", "width", "heads", "tokens")]
        table.add_row(*map(str, values), f"{item['parameters']:,}", f"{item['dense_macs'] / 1e6:,.0f} M")
    out.print(table)
    shipped = make_table("shipped model", "kind", "parameters", "float test", "integer test", "mean rate")
    for item in facts["shipped"]:
        shipped.add_row(
            item["name"],
            item.get("kind", "spikes"),
            f"{item['parameters']:,}",
            f"{item['float_test_accuracy']:.4f}",
            f"{item['integer_test_accuracy']:.4f}",
            f"{item['mean_rate']:.3f}",
        )
    out.print()
    out.print(shipped)
