"""Per-layer truth: CRCs of what every step leaves in the device's memory, against the reference (docs/trace.md)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge_snn.errors import DeviceError, InputError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.frames import PART_BYTES, READ, TRACE, DeviceResult
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


def check_whole(model: IntegerModel) -> None:
    """Raises InputError if the model may answer early: a trace looks at the run of all steps."""
    if model.early is not None:
        raise InputError(
            "may answer early, and a trace looks at the run of all time steps",
            where=model.name,
            hint="convert it without --early: that run is the same",
        )


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

    Raises:
        DeviceError: the link or the device failed for good, or the firmware has other tensors.
    """
    data = image.tobytes()

    def once() -> DeviceResult:
        crcs = _trace(device, index, data, device.info.steps - 1, count)
        return replace(device.result(index, data), crcs=crcs)

    return device.insist(once)


def fetch_tensor(
    device: Device, index: int, image: np.ndarray, tensors: tuple[TraceTensor, ...], number: int
) -> tuple[np.ndarray, bytes]:
    """Runs an image up to the step that makes tensor ``number``, and fetches it.

    Returns:
        CRCs uint32 of the tensors of these steps, and the tensor's bytes in canonical order.

    Raises:
        DeviceError: the link or the device failed for good, or the firmware has other tensors.
    """
    item, data = tensors[number], image.tobytes()
    made = sum(other.step <= item.step for other in tensors) + (item.step == device.info.steps - 1)

    def once() -> tuple[np.ndarray, bytes]:
        crcs = _trace(device, index, data, item.step, made)
        return crcs, read_tensor(device, index, data, number, item.size)

    return device.insist(once)


def read_tensor(device: Device, index: int, data: bytes, number: int, size: int) -> bytes:
    """The bytes, in canonical order, of a tensor that the last step of a trace left; ``data`` are the image's."""
    named, starts = device.named(index, data), range(0, size, PART_BYTES)
    asked = [(READ, named[:8] + struct.pack("<II", number, start)) for start in starts]
    parts = []
    for start, reply in zip(starts, device.link.exchange(asked)):
        if reply[:16] != named + struct.pack("<I", start) or len(reply) - 16 < min(PART_BYTES, size - start):
            raise DeviceError("sent another part of the tensor than it was asked for", where=device.port.url)
        parts.append(reply[16:])
    return b"".join(parts)[:size]


def _trace(device: Device, index: int, data: bytes, last: int, count: int) -> np.ndarray:
    """Runs steps 0 .. ``last`` on an image; returns the CRCs, uint32 [count]."""
    found = b""
    while len(found) < 4 * count:  # an inference for every 64 CRCs, which overwrites the image
        device.write(data)
        first = len(found) // 4
        named = device.named(index, data)
        whole = last == device.info.steps - 1
        reply = device.link.compute(TRACE, named + struct.pack("<II", last, first), whole)
        if reply[:14] != named + struct.pack("<H", first) or len(reply) < 20 or len(reply) % 4:
            raise DeviceError("sent the trace of another image", where=device.port.url)
        (made,) = struct.unpack_from("<H", reply, 14)
        if made != count:
            raise DeviceError(
                f"has {made} tensors to trace, the host {count}",
                where=device.port.url,
                hint="build and flash the firmware again",
            )
        found += reply[16:]
    return np.frombuffer(found, "<u4", count)
