"""pytest plugin: a fixture ``device`` that evaluates models on a board or an emulator. Told in docs/testing.md.

Loaded in every pytest run where edge_snn is installed, so it imports nothing of it until the fixture is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy as np

    from edge_snn.data.dataset import Dataset
    from edge_snn.graph.model import IntegerModel
    from edge_snn.harness.session import Bench


class BitExactnessWarning(UserWarning):
    """Device and host differ, or the stack outgrew its bound."""


@dataclass(frozen=True)
class Latency:
    """Of all inferences, in ``unit``: "instructions" on an emulator, "ms" on a board.

    Attributes:
        std: standard deviation.
        jitter: largest difference between two inferences of one image; None unless ``repeat`` was above 1.
    """

    unit: str
    inferences: int
    min: float
    median: float
    mean: float
    p95: float
    max: float
    std: float
    jitter: float | None


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation measured.

    Attributes:
        accuracy, host_accuracy: on the device, and of the integer reference.
        mismatched_logits, mismatched_spike_counts: images on which device and host differ.
        mismatched_repeats: images whose repeated inferences differ.
        latency: of a whole inference.
        mean_rate: spikes over neurons times time steps.
        flash_bytes, ram_bytes: None where the board cannot tell.
        report: everything that is in report.json.
        folder: where the report files are.
    """

    images: int
    correct: int
    accuracy: float
    host_accuracy: float
    mismatched_logits: int
    mismatched_spike_counts: int
    mismatched_repeats: int
    latency: Latency
    mean_rate: float
    sops: float
    flash_bytes: int | None
    ram_bytes: int | None
    report: Mapping[str, Any]
    folder: Path

    @property
    def is_exact(self) -> bool:
        """Whether logits and spike counts were the host's on every image, at every repeat."""
        return not (self.mismatched_logits or self.mismatched_spike_counts or self.mismatched_repeats)


class DeviceUnderTest:
    """The fixture ``device``.

    Attributes:
        bench: the board, or boards, that the options name.
    """

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self._folder, self._count = bench, folder, 0

    def evaluate(
        self,
        model: str | Path | IntegerModel,
        data: str | Path | Dataset | tuple[np.ndarray, np.ndarray],
        *,
        limit: int | None = None,
        repeat: int = 1,
        warmup: int | None = None,
        report: str | Path | None = None,
    ) -> Evaluated:
        """Streams images to the device and compares every one with the host.

        Args:
            model: .esnn file, name of a shipped model, or a model in memory.
            data: name of a data set, .npz file, folder of images, or uint8 images [N, H, W, C] with labels [N].
            limit: only the first images.
            repeat: timed inferences of each image.
            warmup: inferences that do not count (default: 1 on a port, 0 emulated).
            report: folder for report.html and the other files; by default one under pytest's temporary folder.

        Raises:
            EdgeSnnError: a bad model or data set, a missing tool; DeviceError when the device was lost.

        Warns:
            BitExactnessWarning: device and host differ.
        """
        from edge_snn.cli.common import load_model
        from edge_snn.data import fit
        from edge_snn.data.dataset import Dataset
        from edge_snn.errors import DeviceError
        from edge_snn.graph.model import IntegerModel
        from edge_snn.harness.session import Settings, load_data, measure

        made = model if isinstance(model, IntegerModel) else load_model(model)
        if isinstance(data, (str, Path)):
            dataset = load_data(str(data), made, limit)
        else:
            given = data if isinstance(data, Dataset) else Dataset(*data, name="arrays")
            dataset = fit(given.head(limit), made.input_shape)
        self._count += 1
        folder = Path(report) if report else self._folder / f"evaluation-{self._count}"
        settings = Settings(repeat, self.bench.warmup if warmup is None else warmup)
        # One build a model: a second evaluation of it finds everything up to date.
        firmware = self._folder / f"firmware-{made.sha256[:12]}"
        found = measure(self.bench, made, dataset, folder, settings=settings, firmware=firmware)
        if found["stopped"]:
            raise DeviceError(f"stopped after {found['images']} of {len(dataset.x)} images: {found['stopped']}")
        for check in found["checks"]:
            if check["status"] == "failed":
                warnings.warn(f"{check['name']}: {check['message']}", BitExactnessWarning, stacklevel=2)
        figures = {item.name: found[item.name] for item in fields(Evaluated) if item.name in found}
        figures["latency"] = Latency(**found["latency"])
        return Evaluated(**figures, report=found, folder=folder)


_OPTIONS = {
    "emulate": "board to build for and run emulated, or `host`",
    "jobs": "number of emulators that share the images",
    "board": "which board must be at the ports",
    "baud": "of the ports",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --edge-snn-emulate and its like, each also as a key of the ini file."""
    group = parser.getgroup("edge-snn", "models on microcontrollers (fixture `device`)")
    for name, text in _OPTIONS.items():
        group.addoption(f"--edge-snn-{name}", metavar=name.upper(), help=text)
        parser.addini(f"edge_snn_{name}", text)
    ports = "device or pyserial URL of a flashed board; several share the images"
    group.addoption("--edge-snn-port", metavar="URL", action="append", default=[], help=ports)
    parser.addini("edge_snn_ports", ports, type="linelist")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DeviceUnderTest:
    """The board or emulator that the command line or the ini file names; without one the test is skipped."""
    config = request.config
    chosen = {name: config.getoption(f"--edge-snn-{name}") for name in _OPTIONS}
    ports = tuple(config.getoption("--edge-snn-port"))
    if not chosen["emulate"] and not ports:  # the command line names a device wholly, or not at all
        chosen = {name: value or config.getini(f"edge_snn_{name}") or None for name, value in chosen.items()}
        ports = tuple(config.getini("edge_snn_ports"))
    if not chosen["emulate"] and not ports:
        pytest.skip("no device: give --edge-snn-emulate BOARD or --edge-snn-port URL")
    from edge_snn.errors import EdgeSnnError
    from edge_snn.harness.session import Bench

    try:
        numbers = {name: int(chosen[name]) for name in ("jobs", "baud") if chosen[name]}
        bench = Bench(emulate=chosen["emulate"], ports=ports, board=chosen["board"], **numbers)
    except (EdgeSnnError, ValueError) as error:
        raise pytest.UsageError(f"edge-snn: {error}") from error
    return DeviceUnderTest(bench, tmp_path_factory.mktemp("edge-snn"))
