"""Plan: the integer graph as fused steps, and a static layout of one arena.

The border between the model and its firmware: a plan holds all that the code generator needs, and the generator knows
nothing else of this package.
"""

from edge_snn.plan.attention import AttentionStep
from edge_snn.plan.codes import CodesStep
from edge_snn.plan.conv import ConvStep
from edge_snn.plan.depthwise import DepthwiseStep
from edge_snn.plan.graded_add import GradedAddStep
from edge_snn.plan.graded_conv import GradedConvStep
from edge_snn.plan.graded_pool import GradedPoolStep, MeanStep
from edge_snn.plan.layout import LayoutStep
from edge_snn.plan.linear import LinearStep
from edge_snn.plan.lookup import LookupStep
from edge_snn.plan.plan import EarlyRun, Plan, build_plan, scratch_name
from edge_snn.plan.pool import PoolStep
from edge_snn.plan.readout import ReadoutStep
from edge_snn.plan.residual import CurrentStep
from edge_snn.plan.softmax import SoftmaxStep
from edge_snn.plan.steps import Step
from edge_snn.plan.trace import trace_tensors

__all__ = [
    "AttentionStep",
    "CodesStep",
    "ConvStep",
    "CurrentStep",
    "DepthwiseStep",
    "EarlyRun",
    "GradedAddStep",
    "GradedConvStep",
    "GradedPoolStep",
    "LayoutStep",
    "LinearStep",
    "LookupStep",
    "MeanStep",
    "Plan",
    "PoolStep",
    "ReadoutStep",
    "SoftmaxStep",
    "Step",
    "build_plan",
    "scratch_name",
    "trace_tensors",
]
