"""What in a plan runs slower than it could, for the people who choose a model's sizes."""

from __future__ import annotations

from edge_snn.plan.attention import HEAD_CHANNELS, AttentionStep
from edge_snn.plan.plan import Plan


def advice(plan: Plan) -> tuple[str, ...]:
    """One sentence for each attention that goes through the general kernels though another shape of it would not."""
    return tuple(
        f"{step.name}: heads of {step.width} channels go through the general kernels; "
        f"heads of {', '.join(map(str, HEAD_CHANNELS[:-1]))} or {HEAD_CHANNELS[-1]} are several times as fast"
        for step in plan.steps
        if isinstance(step, AttentionStep) and step.key is not None and step.width not in HEAD_CHANNELS
    )
