"""Lowers nodes of codes to steps: one a node, but for another shape of the same bytes, which needs none."""

from __future__ import annotations

import math

from edge_snn.errors import InputError
from edge_snn.graph.codes import Codes
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.graded import GradedNode
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.graph import Graph
from edge_snn.graph.layout import Concat, Pad, Slice
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.softmax import Softmax
from edge_snn.plan.codes import CodesStep
from edge_snn.plan.depthwise import plan_depthwise
from edge_snn.plan.graded import Graded
from edge_snn.plan.graded_add import GradedAddStep, plan_add
from edge_snn.plan.graded_conv import plan_graded_conv
from edge_snn.plan.graded_pool import GradedPoolStep, MeanStep, mean_steps, reaches
from edge_snn.plan.layout import LayoutStep, plan_concat, plan_pad, plan_slice
from edge_snn.plan.lookup import LookupStep
from edge_snn.plan.segments import Costs
from edge_snn.plan.softmax import SoftmaxStep
from edge_snn.plan.steps import Step
from edge_snn.reference.softmax import exponentials

IN_PLACE = (Lookup, Softmax, GradedAdd)  # their outputs may lie where their first inputs lay


def lower_graded(
    graph: Graph,
    node: GradedNode,
    sources: tuple[Graded, ...],
    output: Graded,
    counter: int | None,
    costs: Costs,
) -> Step:
    """The step of a node that has one.

    Args:
        sources: what it reads, in order.
        output: where its codes go; of :class:`Codes` nowhere.
        counter: index of its spike counter, of those that have one.
        costs: of the core.

    Raises:
        InputError: the kernels cannot run it.
    """
    made = graph.specs[node.name].shape
    shapes = tuple(graph.specs[edge].shape for edge in node.inputs)
    about = (node.name, sources, output, counter)
    if isinstance(node, Codes):
        return CodesStep(node.name, sources[0])
    if isinstance(node, GradedConv):
        return plan_graded_conv(node, sources, output, counter, shapes[0], made[:2], costs)
    if isinstance(node, Lookup):
        return LookupStep(*about, node)
    if isinstance(node, Depthwise):
        return plan_depthwise(graph, node, sources, output, counter)
    if isinstance(node, GradedAdd):
        return GradedAddStep(*about, *plan_add(node), node.low, node.high)
    if isinstance(node, Concat):
        return LayoutStep(*about, plan_concat(node, shapes, made), None)
    if isinstance(node, Pad):
        return LayoutStep(*about, plan_pad(node, shapes[0], made), node.value)
    if isinstance(node, Slice):
        return LayoutStep(*about, plan_slice(node, shapes[0], made), None)
    if isinstance(node, GradedPool):
        top, left = node.padding[:2]
        rows = reaches(shapes[0][0], node.size[0], node.stride[0], top, made[0])
        columns = reaches(shapes[0][1], node.size[1], node.stride[1], left, made[1])
        return GradedPoolStep(*about, node, rows, columns, shapes[0][1])
    if isinstance(node, Mean):
        groups = math.prod(shapes[0][: node.axes[0]])
        channels = math.prod(shapes[0][node.axes[-1] + 1 :])
        positions = math.prod(shapes[0][axis] for axis in node.axes)
        return MeanStep(*about, groups, positions, channels, mean_steps(node, positions))
    if isinstance(node, Softmax):
        return SoftmaxStep(*about, exponentials(node).astype("int32"))
    raise InputError(f"{node.op} cannot be lowered to the kernels", where=node.name)
