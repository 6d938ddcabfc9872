"""C of the table of tensors that the steps leave in the arena (esnn_tensor_t)."""

from __future__ import annotations

from edge_snn.plan import Plan, trace_tensors


def tensor_rows(plan: Plan) -> list[str]:
    """Initialisers of esnn_model_tensors, in the order in which the tensors are made."""
    return [
        f"{{{plan.offset(item.stored.storage)}u, {item.rows}u, {item.stored.row_bytes}u, {item.row_bytes}u, "
        f"{item.step}u, {item.last_bits:#04x}u}}"
        for item in trace_tensors(plan)
    ]
