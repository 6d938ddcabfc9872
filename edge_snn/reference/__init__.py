"""Reference executor in numpy: float graphs as recovered, integer graphs exactly as on the device."""

from edge_snn.reference.executor import Result, check_images, run, run_batch, run_node

__all__ = ["Result", "check_images", "run", "run_batch", "run_node"]
