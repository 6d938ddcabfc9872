"""Row adds of each layer under the ways to share them over time: none, the chain, a balanced tree, buckets.

python tools/compare_sharing.py fashion-mnist --data fashion-mnist-calibration
"""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict, dataclass

import click
import numpy as np

from edge_snn import data
from edge_snn.api import load
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.linear import Linear
from edge_snn.passes.sharing import best_order, histogram, shared_edges
from edge_snn.plan.chain import parts
from edge_snn.reference import run


@dataclass(frozen=True)
class Adds:
    """Row adds of one layer for one output position (a whole window of a convolution) and all its time steps.

    Attributes:
        rows: inputs of the layer.
        spikes: one add a spike, nothing shared.
        chain: the best order of steps (``esnn_chain.h``).
        tree: all steps, two pairs, four leaves; the best pairs.
        active: one add for each input that is active at all, of as many buckets as there are patterns; nothing
            shared over time has fewer.
        merges: adds of whole sums that make the T sums of the buckets, where none of them is empty.
    """

    layer: str
    rows: int
    spikes: float
    chain: float
    tree: float
    active: float
    merges: int

    @property
    def best(self) -> str:
        costs = {"chain": self.chain, "tree": self.tree, "buckets": self.active + self.merges}
        return min(costs, key=lambda name: costs[name])


def tree_adds(pattern: int, order: tuple[int, ...]) -> int:
    """Adds of an input with that pattern (bit t: active at step t) in the tree that pairs neighbours in ``order``."""
    ones = [pattern >> step & 1 for step in order]
    if all(ones):
        return 1
    return sum(1 if all(pair) else sum(pair) for pair in (ones[:2], ones[2:]))


def bucket_merges(steps: int) -> int:
    """Adds that make the sums of ``steps`` steps of those of 2 ** steps - 1 patterns.

    The patterns that have the last step are summed for it, and added to those that differ in nothing else; the rest is
    the same of one step fewer.
    """
    return sum(2 * ((1 << step) - 1) for step in range(steps))


def compare(counts: np.ndarray, positions: int, copies: float) -> tuple[float, float, float, float]:
    """(spikes, chain, tree, active), means of a position, from a histogram of patterns [16].

    Args:
        copies: how many rows of an output position stand for one channel of an input position.
    """
    steps = 4
    order = best_order(counts)
    placed = [sum((pattern >> step & 1) << place for place, step in enumerate(order)) for pattern in range(1 << steps)]
    scale = copies / positions
    trees = (
        sum(int(counts[p]) * tree_adds(p, pairs) for p in range(1 << steps))
        for pairs in itertools.permutations(range(steps))
    )
    return (
        scale * sum(int(counts[p]) * p.bit_count() for p in range(1 << steps)),
        scale * sum(int(counts[p]) * parts(placed[p], steps) for p in range(1 << steps)),
        scale * min(trees),
        scale * int(counts[1:].sum()),
    )


def measure(model: str, source: str, limit: int) -> list[Adds]:
    """All layers of a model of T = 4 that share row adds over time."""
    graph = load(model).graph
    if graph.timesteps != 4:
        raise click.UsageError(f"{model} has T = {graph.timesteps}; the tree is one of four steps")
    names = shared_edges(graph)
    edges = run(graph, data.load(source, "train", limit).x, keep=names, count_sops=False).edges
    found = []
    for name in names:
        spikes = edges[name]
        for node in graph.consumers(name):
            if isinstance(node, (Conv2D, Linear)):
                rows = node.weight.size // node.weight.shape[-1]
                positions = spikes.shape[0] * spikes.shape[2] * spikes.shape[3]
                adds = compare(histogram(spikes), positions, rows / spikes.shape[-1])
                found.append(Adds(node.name, rows, *adds, bucket_merges(4)))
    return found


@click.command()
@click.argument("model")
@click.option("--data", "source", required=True, help="Data set name or .npz file: its training images.")
@click.option("--limit", default=40, show_default=True, type=click.IntRange(min=1), help="Images.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def main(model: str, source: str, limit: int, as_json: bool) -> None:
    """Counts row adds on real images; windows at the border count as whole ones."""
    found = measure(model, source, limit)
    if as_json:
        click.echo(json.dumps([{**asdict(adds), "best": adds.best} for adds in found], indent=1))
        return
    click.echo("| layer | inputs | spikes | chain | balanced tree | buckets: active + merges | fewest |")
    click.echo("|---|--:|--:|--:|--:|--:|---|")
    for adds in found:
        costs = f"{adds.spikes:.1f} | {adds.chain:.1f} | {adds.tree:.1f} | {adds.active:.1f} + {adds.merges}"
        click.echo(f"| {adds.layer} | {adds.rows} | {costs} | {adds.best} |")


if __name__ == "__main__":
    main()
