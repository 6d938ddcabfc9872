"""pytest plugin: a fixture ``device`` that evaluates models on a board or an emulator. Told in docs/testing.md.

Loaded in every pytest run where edge_snn is installed, so it imports nothing of it until the fixture is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import numpy as np

    from edge_snn.api import Evaluated
    from edge_snn.data import Dataset, Samples
    from edge_snn.graph.model import IntegerModel
    from edge_snn.harness.session import Bench


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
        data: str | Path | np.ndarray | tuple[np.ndarray, np.ndarray] | Dataset | Samples,
        *,
        limit: int | None = None,
        metric: str = "accuracy",
        repeat: int = 1,
        warmup: int | None = None,
        report: str | Path | None = None,
    ) -> Evaluated:
        """Streams images to the device and compares every one with the host.

        Args:
            model: .esnn file, name of a shipped model, or a model in memory.
            data: name of a data set, .npz file, folder of images, or arrays of the model's input, alone or with labels
                [N] or targets.
            limit: only the first images.
            metric: "accuracy", "top-5", "auc", "mse", "binary".
            repeat: timed inferences of each image.
            warmup: inferences that do not count (default: 1 on a port, 0 emulated).
            report: folder for report.html and the other files; by default one under pytest's temporary folder.

        Raises:
            EdgeSnnError: a bad model or data set, a missing tool; DeviceError when the device was lost.

        Warns:
            BitExactnessWarning: device and host differ.
        """
        from edge_snn import api

        made = api.load(model)
        self._count += 1
        folder = Path(report) if report else self._folder / f"evaluation-{self._count}"
        # One build a model: a second evaluation of it finds everything up to date.
        firmware = self._folder / f"firmware-{made.sha256[:12]}"
        return api.evaluate(
            made,
            data,
            limit=limit,
            metric=metric,
            repeat=repeat,
            warmup=warmup,
            report=folder,
            bench=self.bench,
            firmware=firmware,
        )


_OPTIONS = {
    "emulate": "board to build for and run emulated, or `host`",
    "jobs": "number of emulators that share the images",
    "board": "which board must be at the ports",
    "baud": "of the ports",
    "clock": "`board` vouches that no emulator is at the ports, so that ticks are milliseconds",
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
    from edge_snn.harness.timing import AUTO
    from edge_snn.harness.transport import DEFAULT_BAUD

    try:
        jobs, baud = int(chosen["jobs"] or 1), int(chosen["baud"] or DEFAULT_BAUD)
        bench = Bench(chosen["emulate"], jobs, ports, chosen["board"], baud, chosen["clock"] or AUTO)
    except (EdgeSnnError, ValueError) as error:
        raise pytest.UsageError(f"edge-snn: {error}") from error
    return DeviceUnderTest(bench, tmp_path_factory.mktemp("edge-snn"))
