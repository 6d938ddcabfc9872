"""The comparison of ways to share row adds counts what such ways would add."""

from __future__ import annotations

import itertools
import json

import numpy as np
from click.testing import CliRunner

from tools.compare_sharing import bucket_merges, compare, main, tree_adds


def test_the_tree_adds_what_its_nodes_need():
    order = (0, 2, 1, 3)
    assert [tree_adds(pattern, order) for pattern in (0b1111, 0b0101, 0b1010, 0b0011, 0b0111, 0b1000, 0)] == [
        1, 1, 1, 2, 2, 1, 0,
    ]  # fmt: skip


def test_merges_of_buckets_are_those_of_a_program_that_merges():
    for steps in range(1, 6):
        buckets = {pattern: {pattern} for pattern in range(1, 1 << steps)}
        adds = 0
        for step in reversed(range(steps)):
            having = [pattern for pattern in buckets if pattern >> step & 1]
            total = set().union(*(buckets[pattern] for pattern in having))
            adds += len(having) - 1
            for pattern in having:
                rest = pattern & ~(1 << step)
                if rest:
                    buckets[rest] |= buckets[pattern]
                    adds += 1
                del buckets[pattern]
            assert total == {pattern for pattern in range(1 << steps) if pattern >> step & 1}
        assert adds == bucket_merges(steps)


def test_no_way_needs_fewer_adds_than_inputs_are_active_nor_more_than_there_are_spikes():
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = rng.integers(0, 50, 16)
        spikes, chain, tree, active = compare(counts, 10, 9.0)
        assert active <= min(chain, tree)
        assert max(chain, tree) <= spikes
        assert abs(active - 0.9 * counts[1:].sum()) < 1e-9


def test_the_chain_of_an_order_is_counted_by_runs():
    counts = np.zeros(16, int)
    counts[0b0110] = 4  # steps 1 and 2: the last two places of the best order
    assert compare(counts, 1, 1.0) == (8.0, 4.0, 4.0, 4.0)
    patterns = [sum(1 << step for step in steps) for steps in itertools.combinations(range(4), 2)]
    counts[patterns] = 1
    spikes, chain, _, active = compare(counts, 1, 1.0)
    assert (spikes, active) == (12.0, 6.0)
    assert chain == 11.0  # one pair of six is the tail


def test_the_table_has_every_layer_of_a_shipped_model():
    result = CliRunner().invoke(main, ["digits", "--data", "digits", "--limit", "5", "--json"])
    assert result.exit_code == 0, result.output
    layers = json.loads(result.output)
    assert {"conv2", "block0.q", "block0.fc2"} <= {layer["layer"] for layer in layers}
    table = CliRunner().invoke(main, ["digits", "--data", "digits", "--limit", "5"]).output
    assert len(table.splitlines()) == 2 + len(layers)
