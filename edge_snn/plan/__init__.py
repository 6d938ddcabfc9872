"""Plan: the integer graph as fused steps, and a static layout of one arena."""

from edge_snn.plan.plan import Plan, build_plan, scratch_name

__all__ = ["Plan", "build_plan", "scratch_name"]
