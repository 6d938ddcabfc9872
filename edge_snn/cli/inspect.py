"""``edge-snn inspect``: what a model file holds, and what it needs on a device."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from edge_snn.cli.common import console, json_option, load_model, make_table, print_json
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.model import IntegerModel


def describe(model: IntegerModel) -> dict[str, Any]:
    """Facts of a model as plain data: identity, nodes with shapes and bounds, memory plan."""
    from edge_snn.plan import build_plan

    plan = build_plan(model)
    macs = dense_macs(model.graph)
    nodes = []
    for node in model.graph.nodes:
        spec, facts = model.graph.specs[node.name], model.edges[node.name]
        inside = {
            key[len(node.name) + 1 :]: [item.low, item.high]
            for key, item in model.accumulators.items()
            if key.rpartition(".")[0] == node.name
        }
        nodes.append(
            {
                "name": node.name,
                "op": node.op,
                "inputs": list(node.inputs),
                "shape": list(spec.shape),
                "kind": spec.kind.value,
                "bounds": [facts.bounds.low, facts.bounds.high],
                "accumulators": inside,
                "dense_macs": macs.get(node.name, 0),
            }
        )
    return {
        "name": model.name,
        "sha256": model.sha256,
        "timesteps": model.graph.timesteps,
        "input_shape": list(model.input_shape),
        "classes": list(model.classes),
        "weight_bytes": model.weight_bytes,
        "dense_macs": sum(macs.values()),
        "nodes": nodes,
        "arena_bytes": plan.arena_bytes,
        "memory": plan.table(),
        "provenance": dict(model.provenance),
    }


@click.command("inspect")
@click.argument("model_path", metavar="MODEL")
@json_option
def command(model_path: str, as_json: bool) -> None:
    """Show the layers, proved bounds and memory plan of MODEL (an .esnn file or a shipped model's name).

    \b
    Example:
      edge-snn inspect fashion-mnist
    """
    facts = describe(load_model(model_path))
    if as_json:
        print_json(facts)
        return
    out = console(False)
    shape = "x".join(map(str, facts["input_shape"]))
    out.print(f"[bold]{escape(facts['name'])}[/bold]  T = {facts['timesteps']}, input {shape} uint8")
    out.print(f"sha256 {facts['sha256']}")
    out.print(f"weights {facts['weight_bytes']:,} bytes, {facts['dense_macs']:,} dense MACs a time step\n")
    table = make_table("node", "operation", "shape", "range", "inside (proved)", "dense MACs")
    for node in facts["nodes"]:
        inside = ", ".join(f"{key} {low}..{high}" for key, (low, high) in node["accumulators"].items())
        table.add_row(
            escape(node["name"]),
            node["op"],
            "x".join(map(str, node["shape"])),
            "{}..{}".format(*node["bounds"]),
            inside,
            f"{node['dense_macs']:,}" if node["dense_macs"] else "",
        )
    out.print(table)
    out.print(f"\n[bold]memory plan[/bold]: one arena of {facts['arena_bytes']:,} bytes")
    rows = facts["memory"]
    if rows:
        memory = make_table(*[key.replace("_", " ") for key in rows[0]])
        for row in rows:
            memory.add_row(*[escape(str(value)) for value in row.values()])
        out.print(memory)
