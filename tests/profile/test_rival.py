"""The dense rival: the published rows give back their own counts, and other shapes go by the nearest row."""

from __future__ import annotations

import pytest

from edge_snn.api import load
from edge_snn.graph.attention import Attention
from edge_snn.graph.macs import dense_macs
from edge_snn.models import zoo
from edge_snn.plan import build_plan
from edge_snn.profile import rival
from edge_snn.profile.rival import Product

CORES = ("M0", "M3", "M4", "M7", "M33", "M55")
TOKENS = 64
# The published MACs per instruction, rounded as published.
PUBLISHED = {
    "M0": (0.15, 0.15, 0.18, 0.16, 0.08),
    "M3": (0.34, 0.34, 0.38, 0.38, 0.17),
    "M4": (0.53, 0.53, 0.63, 0.56, 0.19),
    "M33": (0.53, 0.53, 0.63, 0.56, 0.19),
    "M7": (0.54, 0.54, 0.65, 0.56, 0.19),
    "M55": (3.1, 3.1, 4.8, 4.7, 0.64),
}
SHAPES = (
    Product("fc", TOKENS * 96 * 96, 96, 96),
    Product("fc", TOKENS * 96 * 384, 96, 384),
    Product("fc", TOKENS * 384 * 96, 384, 96),
    Product("conv", 8 * 8 * 9 * 48 * 96),
    Product("first conv", 32 * 32 * 9 * 3 * 12),
)


@pytest.mark.parametrize("core", CORES)
def test_the_published_shapes_cost_what_was_published(core):
    rows = rival.table()["rows"]
    for product, macs_an_instruction in zip(SHAPES, PUBLISHED[core]):
        row = rival.nearest_row(product)
        assert rows[row]["macs"] == product.macs
        counted = rival.table()["instructions"][core][row]
        assert rival.instructions(core, (product,)) == counted
        assert product.macs / counted == pytest.approx(macs_an_instruction, abs=0.06 if core == "M55" else 0.006)


@pytest.mark.parametrize("core", CORES)
def test_attention_is_two_products_without_softmax(core):
    macs = 4 * TOKENS * TOKENS * 24
    counts = rival.table()["instructions"][core]
    both = rival.instructions(core, (Product("QK^T", macs), Product("PV", macs)))
    assert both == counts["QK^T"] + counts["PV"]
    assert rival.table()["softmax_left_out"][core] > 0


@pytest.mark.parametrize(
    ("fan_in", "fan_out", "row"),
    [
        (64, 64, "fc 96x96"),
        (64, 256, "fc 96x384"),
        (239, 96, "fc 96x96"),
        (241, 96, "fc 384x96"),
        (4096, 10, "fc 384x96"),
        (1, 10, "fc 96x96"),
    ],
)
def test_other_shapes_go_by_the_nearest_fan_in(fan_in, fan_out, row):
    product = Product("fc", 1000, fan_in, fan_out)
    assert rival.nearest_row(product) == row
    expected = 1000 * rival.table()["instructions"]["M4"][row] / rival.table()["rows"][row]["macs"]
    assert rival.instructions("Cortex-M4", (product,)) == pytest.approx(expected)


@pytest.mark.parametrize("name", zoo.names())
def test_every_dense_mac_of_a_shipped_model_is_charged_to_the_rival_once(name):
    model = load(name)
    parts = rival.products(model.graph)
    assert sum(part.macs for some in parts.values() for part in some) == sum(dense_macs(model.graph).values())
    covered = [label for step in build_plan(model).steps for label in (step.name, *step.fused) if label in parts]
    assert sorted(covered) == sorted(parts)
    kinds = [part.kind for some in parts.values() for part in some]
    assert kinds.count("first conv") == 1
    assert kinds.count("QK^T") == kinds.count("PV")
    assert ("PV" in kinds) == any(isinstance(node, Attention) for node in model.graph.nodes)


def test_nothing_is_claimed_where_nothing_was_published():
    assert rival.instructions("Cortex-M85", (SHAPES[0],)) is None
    assert rival.instructions("Cortex-M4", (SHAPES[0], Product("depthwise", 1000))) is None
