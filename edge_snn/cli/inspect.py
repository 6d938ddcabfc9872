"""``edge-snn inspect``: what a model file holds, and what it needs on a device."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from edge_snn.api import load
from edge_snn.cli.common import console, json_option, make_table, print_json
from edge_snn.graph.macs import dense_macs
from edge_snn.graph.model import IntegerModel


def describe(model: IntegerModel, vectors: bool = False) -> dict[str, Any]:
    """Facts of a model as plain data: identity, nodes with shapes and bounds, memory plan (for vector registers)."""
    from edge_snn.plan import build_plan
    from edge_snn.plan.advice import advice

    plan = build_plan(model, vectors)
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
        "early": model.early and asdict(model.early),
        "input_shape": list(model.input_shape),
        "input": asdict(model.takes),
        "output": asdict(model.makes) if model.borders else None,
        "classes": list(model.classes),
        "weight_bytes": model.weight_bytes,
        "dense_macs": sum(macs.values()),
        "nodes": nodes,
        "arena_bytes": plan.arena_bytes,
        "memory": plan.table(),
        "advice": list(advice(plan)),
        "provenance": dict(model.provenance),
    }


@click.command("inspect")
@click.argument("model_path", metavar="MODEL")
@click.option("--board", "board_name", help="Build for this board and run it emulated: flash, RAM and stack.")
@json_option
def command(model_path: str, board_name: str | None, as_json: bool) -> None:
    """Show the layers, proved bounds and memory plan of MODEL (an .esnn file or a shipped model's name).

    With --board also what it takes there: exit code 1 unless plan, linked program, arm-none-eabi-size and the painted
    stack agree.

    \b
    Examples:
      edge-snn inspect fashion-mnist
      edge-snn inspect fashion-mnist --board mps2-an386
    """
    model = load(model_path)
    if board_name is None:
        facts = describe(model)
    else:
        from edge_snn.harness.footprint import footprint
        from firmware_gen import boards

        board = boards.load(board_name)
        folder = Path("build") / "firmware" / f"{model.sha256[:12]}-{board.name}"
        facts = {**describe(model, board.has_vectors), "footprint": footprint(model, board, folder)}
    if as_json:
        print_json(facts)
        return
    out = console(False)
    shape = "x".join(map(str, facts["input_shape"]))
    out.print(f"[bold]{escape(facts['name'])}[/bold]  T = {facts['timesteps']}, input {shape} uint8")
    if facts["output"]:
        out.print(f"of the file: {'; '.join(_numbers(name, facts[name]) for name in ('input', 'output'))}")
    if facts["early"]:
        out.print(
            "answers after {timesteps} time steps where its best logit leads by {margin:,}".format(**facts["early"])
        )
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
    for sentence in facts["advice"]:
        out.print(f"\n{escape(sentence)}", soft_wrap=True)
    if board_name:
        _show_footprint(out, facts["footprint"])


def _numbers(name: str, border: dict[str, Any]) -> str:
    shape = "x".join(map(str, border["shape"]))
    return f"{name} {shape} {border['dtype']}, scale {border['scale']:.6g}, zero point as a code {border['zero']}"


def _show_footprint(out: Any, facts: dict[str, Any]) -> None:
    sections = ", ".join(f"{name} {size:,}" for name, size in facts["sections"].items())
    out.print(f"\n[bold]on {facts['board']}[/bold]: flash {facts['flash_bytes']:,} bytes, RAM {facts['ram_bytes']:,}")
    out.print(f"sections (as arm-none-eabi-size counts them): {sections}")
    out.print(
        f"arena {facts['arena_bytes']:,}; stack: at most {facts['stack_bound']:,} along the call graph, "
        f"{facts['stack_used']:,} used in a run, {facts['stack_set_aside']:,} set aside"
    )
