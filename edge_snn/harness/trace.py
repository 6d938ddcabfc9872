"""Per-layer truth: CRCs of what every step leaves in the device's memory, against the reference (docs/trace.md)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.frames import DeviceResult
from edge_snn.plan import Plan
from edge_snn.plan.trace import TraceTensor, trace_tensors
from edge_snn.reference import run
from edge_snn.reference.executor import DEFAULT_BATCH, Result


@dataclass(frozen=True)
class HostTraces:
    """What the reference gives for B images.

    Attributes:
        tensors: that the steps leave in memory, in order.
        crcs: uint32 [B, tensors + 1]; the last one is that of the logits.
    """

    tensors: tuple[TraceTensor, ...]
    crcs: np.ndarray

    def first_difference(self, image: int, crcs: np.ndarray) -> str:
        """Name of the first edge whose CRC the device has otherwise, "logits", or "" when all agree."""
        apart = np.flatnonzero(self.crcs[image] != crcs)
        if not len(apart):
            return ""
        return self.tensors[apart[0]].edge if apart[0] < len(self.tensors) else "logits"


def logits_crc(logits: np.ndarray) -> int:
    """CRC-32 of one image's logits, int32, little endian."""
    return zlib.crc32(logits.astype("<i4").tobytes())


def crcs_of(tensors: tuple[TraceTensor, ...], result: Result, image: int) -> np.ndarray:
    """CRCs uint32 [tensors + 1] of one image of a run that kept the edges of all tensors."""
    found = [zlib.crc32(item.encode(result.edges[item.edge][image])) for item in tensors]
    return np.array([*found, logits_crc(result.logits[image])], np.uint32)


def host_traces(
    model: IntegerModel, plan: Plan, images: np.ndarray, progress: Callable[[int], None] | None = None
) -> HostTraces:
    """Runs the reference, a few images at a time, and keeps only the CRCs.

    Args:
        images: uint8 [B, H, W, C].
        progress: called with the number of images done.
    """
    tensors = trace_tensors(plan)
    edges = {item.edge for item in tensors}
    rows: list[np.ndarray] = []
    for start in range(0, len(images), DEFAULT_BATCH):
        result = run(model.graph, images[start : start + DEFAULT_BATCH], keep=edges, count_sops=False)
        rows += [crcs_of(tensors, result, image) for image in range(len(result.logits))]
        if progress is not None:
            progress(len(rows))
    return HostTraces(tensors, np.stack(rows))


def traced_infer(device: Device, index: int, image: np.ndarray, count: int) -> DeviceResult:
    """Runs an image and returns its result with ``count`` CRCs, of every tensor and the logits.

    The ticks of the steps leave the CRCs out.
    """
    crcs = device.trace(index, image, device.info.steps - 1, count)
    return replace(device.result(index, image), crcs=crcs)
