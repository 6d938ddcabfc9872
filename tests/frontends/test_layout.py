"""Memory orders: reshaping keeps them, transposing permutes them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_snn.frontends.layout import Atom, group, natural, normalise, to_edge


def test_heads_are_channels_taken_apart():
    assert group(natural(4, 16, 32), (4, 16, 2, 16)) == (
        (Atom("t", 1, 4),),
        (Atom("n", 1, 16),),
        (Atom("c", 16, 2),),
        (Atom("c", 1, 16),),
    )


def test_a_dimension_that_cuts_an_axis_unevenly_has_no_atoms():
    assert group(natural(4, 16, 32), (6, 16, 32)) is None
    assert group(natural(4, 16, 32), (4, 16, 31)) is None
    assert group(natural(4, 16, 32), (4, 16)) is None


@given(st.permutations(range(5)), st.sampled_from([(2, 3, 4, 2, 3), (1, 4, 1, 2, 2), (4, 1, 6, 1, 3)]))
def test_a_tensor_in_any_order_gives_the_edge_back(order, shape):
    edge = np.arange(np.prod(shape))
    t, h, w, heads, width = shape
    groups = group(natural(t, h * w, heads * width), shape)
    assert groups is not None
    layout = normalise([atom for axis in order for atom in groups[axis]])
    assert np.array_equal(to_edge(edge.reshape(shape).transpose(order), layout), edge)
