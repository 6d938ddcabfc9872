"""Recognises attention: two matrix products of Q, K, V per head, in either order and either orientation.

An operand is an edge whose layout shows tokens n and the channels of one head d as its last two dimensions,
or the first product of two such edges. Which edge is Q, K, V follows from what is summed over: K is the one
that shares its tokens with one neighbour and its channels with the other; Q keeps its tokens, V its channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_snn.frontends import linear
from edge_snn.frontends.layout import Atom, Layout, group, normalise
from edge_snn.frontends.tflite_file import Operator
from edge_snn.frontends.values import Constant, Edge, Product, Value
from edge_snn.frontends.walk import Walk
from edge_snn.graph.attention import Attention

NO_PRODUCT = "is no Q K^T, no K^T V and not the product that completes an attention"


@dataclass(frozen=True)
class _Operand:
    """One side of a product: the atoms of its batch dimensions, of what is kept and of what is summed over."""

    value: Edge | Product
    batch: Layout
    kept: Layout
    summed: Layout


def matmul(walk: Walk, operator: Operator) -> Value:
    """BATCH_MATMUL."""
    if isinstance(walk.value(operator, 1), Constant):
        return linear.constant_matmul(walk, operator)
    left = _operand(walk, operator, 0, summed_last=not operator.options["adjoint_x"])
    right = _operand(walk, operator, 1, summed_last=bool(operator.options["adjoint_y"]))
    if left.batch != right.batch:
        raise walk.refusal(operator, "multiplies heads or time steps that do not match")
    if isinstance(left.value, Edge) and isinstance(right.value, Edge):
        return _first(walk, operator, left, right)
    if isinstance(left.value, Edge) != isinstance(right.value, Edge):
        return _second(walk, operator, left, right)
    raise walk.refusal(operator, NO_PRODUCT)


def _operand(walk: Walk, operator: Operator, position: int, summed_last: bool) -> _Operand:
    value = walk.value(operator, position)
    if not isinstance(value, Product):
        value = walk.edge(operator, position, scaled=True)
    shape = walk.shape(operator.inputs[position])
    groups = group(value.layout, shape)
    if groups is None or len(shape) < 2:
        raise walk.refusal(operator, NO_PRODUCT)
    kept, summed = (groups[-2], groups[-1]) if summed_last else (groups[-1], groups[-2])
    batch = [atom for atoms in groups[:-2] for atom in atoms]
    return _Operand(value, normalise(batch), normalise(kept), normalise(summed))


def _heads(walk: Walk, operator: Operator, name: str, batch: Layout) -> tuple[int, int]:
    """(heads, channels of one head); refuses a batch that is not time and heads."""
    channels = walk.specs[name].channels
    heads = 1
    for atom in batch:
        if atom.axis == "c" and heads == 1 and atom.stride * atom.size == channels:
            heads = atom.size
        elif atom != Atom("t", 1, walk.timesteps):
            raise walk.refusal(operator, "its heads are not consecutive channels")
    if walk.timesteps > 1 and not any(atom.axis == "t" for atom in batch):
        raise walk.refusal(operator, "mixes time steps")
    return heads, channels // heads


def _factor(walk: Walk, operator: Operator, edge: Edge) -> float:
    if edge.scale is None:
        return 1.0
    if np.any(edge.scale != edge.scale[0]):
        raise walk.refusal(operator, "takes spikes that were scaled channel by channel")
    return float(edge.scale[0])


def _axes(walk: Walk, operator: Operator, name: str, other: str, batch: Layout) -> tuple[int, int, Layout, Layout]:
    """(heads, channels of one, layout of the tokens, layout of these channels) of two edges of one shape."""
    spec = walk.specs[name]
    if spec.shape != walk.specs[other].shape:
        raise walk.refusal(operator, "multiplies edges of different shapes")
    heads, width = _heads(walk, operator, name, batch)
    return heads, width, normalise([Atom("n", 1, spec.positions)]), normalise([Atom("c", 1, width)])


def _first(walk: Walk, operator: Operator, left: _Operand, right: _Operand) -> Product:
    a, b = left.value, right.value
    assert isinstance(a, Edge)
    assert isinstance(b, Edge)
    heads, width, tokens, channels = _axes(walk, operator, a.name, b.name, left.batch)
    positions = walk.specs[a.name].positions
    scale = _factor(walk, operator, a) * _factor(walk, operator, b)
    for kind, summed, kept, size in (
        ("scores", channels, tokens, positions),
        ("context", tokens, channels, width),
    ):
        if left.summed == right.summed == summed and left.kept == right.kept == kept:
            layout = normalise((*left.batch, Atom("a", 1, size), Atom("b", 1, size)))
            return Product(kind, a.name, b.name, layout, heads, scale)
    raise walk.refusal(operator, NO_PRODUCT)


def _second(walk: Walk, operator: Operator, left: _Operand, right: _Operand) -> Edge:
    product_first = isinstance(left.value, Product)
    pair, single = (left, right) if product_first else (right, left)
    product, edge = pair.value, single.value
    assert isinstance(product, Product)
    assert isinstance(edge, Edge)
    heads, _, tokens, channels = _axes(walk, operator, edge.name, product.first, single.batch)
    # Of scores [a, b] tokens are left, and V brings tokens to sum over; of a context channels, and Q brings them.
    shared, own = (tokens, channels) if product.kind == "scores" else (channels, tokens)
    if heads != product.heads or single.summed != shared or single.kept != own:
        raise walk.refusal(operator, NO_PRODUCT)
    # K is the edge of the product whose tokens (scores) or channels (context) are summed over now.
    summed_axis = _axis(pair.summed)
    if summed_axis == "b":
        far, key = product.first, product.second
    elif summed_axis == "a":
        far, key = product.second, product.first
    else:
        raise walk.refusal(operator, NO_PRODUCT)
    if _axis(pair.kept) not in {"a", "b"} - {summed_axis}:
        raise walk.refusal(operator, NO_PRODUCT)
    query, value = (far, edge.name) if product.kind == "scores" else (edge.name, far)
    order = "qk_v" if product.kind == "scores" else "q_kv"
    scale = product.scale * _factor(walk, operator, edge)
    left_kept, right_kept = (shared, own) if product_first else (own, shared)
    layout = normalise((*left.batch, *left_kept, *right_kept))
    node = Attention(walk.name("attention"), (query, key, value), heads, order, scale)
    return walk.emit(node, operator, layout)


def _axis(atoms: Layout) -> str:
    return atoms[0].axis if len(atoms) == 1 else ""
