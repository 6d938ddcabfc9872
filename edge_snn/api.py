"""What Python users call: five functions, over what the commands do. ``import edge_snn`` offers them.

Nothing is printed. Every failure that is a user's to mend is an :class:`edge_snn.errors.EdgeSnnError`; its text says
what is wrong, where, and what to do. docs/python.md has an example of each.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from edge_snn.data.sources import CALIBRATION_IMAGES

if TYPE_CHECKING:
    from edge_snn.data import Dataset, Samples
    from edge_snn.graph.model import IntegerModel
    from edge_snn.harness.session import Bench
    from firmware_gen.build import BuildResult

Model = Union[str, Path, "IntegerModel"]
Images = Union[str, Path, np.ndarray, "tuple[np.ndarray, np.ndarray]", "Dataset", "Samples"]
Progress = Callable[[int], None]


class ModelNote(UserWarning):
    """What a user should know of a conversion that worked."""


class BitExactnessWarning(UserWarning):
    """Device and host differ, or the stack outgrew its bound."""


# -- models ------------------------------------------------------------------------------------------


def load(source: Model) -> IntegerModel:
    """Reads an ``.esnn`` file, or a shipped model by name, and proves its bounds again.

    Raises:
        EdgeSnnError: no such model, or a damaged one.
    """
    from edge_snn.graph import esnn_file
    from edge_snn.graph.model import IntegerModel
    from edge_snn.models import zoo
    from edge_snn.passes import bounds

    if isinstance(source, IntegerModel):
        return source
    model = esnn_file.load(zoo.resolve(str(source), ".esnn"))
    bounds.check(model)
    return model


def convert(
    source: str | Path,
    *,
    calibrate: Images | None = None,
    limit: int = CALIBRATION_IMAGES,
    weight_bits: int = 8,
    timesteps: int | None = None,
    early: tuple[int, int] | None = None,
    name: str = "",
    fully_connected: str = "double",
    save: str | Path | None = None,
) -> IntegerModel:
    """Converts a ``.tflite`` or ``.keras`` file, or a shipped model by name, to integers only.

    The recovered graph is run against the file on 16 inputs first; every spike must agree, or every output byte of a
    model that was quantised to int8 already.

    Args:
        calibrate: images like those the model will see: name of a data set, ``.npz`` file, folder, or uint8
            [N, H, W, C]. Without them scales are chosen from the weights alone.
        limit: how many of them are used.
        weight_bits: 2 to 8 bits a weight.
        timesteps: T, where it is not the file's.
        early: (T, margin): a run of T steps comes first (docs/anytime.md).
        name: of the model; by default the file's.
        fully_connected: of int8 models: "double" rounds their fully connected layers twice, as TensorFlow Lite Micro
            does; "single" once, as LiteRT from 1.3 on.
        save: ``.esnn`` file to write as well.

    Warns:
        ModelNote: what a user should know, such as neurons that never fired in the check.

    Raises:
        EdgeSnnError: not such a model; names the operator.
    """
    from edge_snn.frontends.conversion import Choices, convert_file
    from edge_snn.graph import esnn_file

    found = convert_file(source, Choices(calibrate, limit, weight_bits, timesteps, early, name, fully_connected))
    for note in found.notes:
        warnings.warn(note, ModelNote, stacklevel=2)
    if save is not None:
        esnn_file.save(found.made.model, Path(save))
    return found.made.model


def dataset_for(given: Images, model: IntegerModel, limit: int | None = None, split: str = "test") -> Samples:
    """Images, or other numbers, as a device takes them, uint8 [N, H, W, C]; labels in the numbering of the model.

    Raises:
        EdgeSnnError: there are none, or they do not fit.
    """
    from edge_snn.data import samples

    return samples.fit(samples.of(given, split, limit), model.takes, model.input_shape, model.classes)


# -- on the host -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Simulation:
    """What a model computes, bit for bit what a device computes.

    Attributes:
        logits: int32 [N, classes].
        outputs: of a network of 8-bit codes in the type and shape of its file, [N, ...]; of spikes the logits.
        predictions: int64 [N], the first index of the largest output.
        counts: int64 [N, counters], spikes by layer and time step (docs/numerics.md).
        accuracy: against the labels; None where there are none, or where the metric is not of classes.
        metric: name of the metric.
        value: of the metric; None where there are no labels.
        rates: mean firing rate by layer: spikes over neurons and time steps.
        sops: synaptic operations (row adds) an image, mean.
    """

    logits: np.ndarray
    outputs: np.ndarray
    predictions: np.ndarray
    counts: np.ndarray
    accuracy: float | None
    metric: str
    value: float | None
    rates: Mapping[str, float]
    sops: float


def simulate(
    model: Model,
    data: Images,
    *,
    limit: int | None = None,
    metric: str = "accuracy",
    progress: Progress | None = None,
) -> Simulation:
    """Runs the integer model on this computer.

    Args:
        model: from :func:`convert` or :func:`load`, an ``.esnn`` file, or the name of a shipped model.
        data: name of a data set, ``.npz`` file, folder of images; arrays of the model's input, uint8 [N, H, W, C] or
            what its file takes, alone or with labels [N] or targets.
        limit: only the first images.
        metric: "accuracy", "top-5", "auc", "mse", "binary" (docs/harness.md).
        progress: called with the number of images done.

    Raises:
        EdgeSnnError: a bad model or data set.
    """
    from edge_snn.anytime.run import run_model
    from edge_snn.data import Metric
    from edge_snn.harness.scoring import scoring
    from edge_snn.reference.rates import layer_rates

    chosen, made = Metric.parse(metric), load(model)
    samples = dataset_for(data, made, limit)
    scored = scoring(chosen, samples, made)
    result = run_model(made, samples.x, progress=progress)
    every = np.arange(len(samples.x))
    right = scored.right(result.logits, every)
    rates = {layer["name"]: layer["rate"] for layer in layer_rates(made, result)}
    sops = float(sum(values.mean() for values in result.sops.values()))
    return Simulation(
        result.logits,
        made.outputs(result.logits),
        result.predictions,
        result.counts,
        None if right is None else float(right.mean()),
        scored.metric.name,
        scored.value(result.logits, every),
        rates,
        sops,
    )


# -- on a device -------------------------------------------------------------------------------------


def build(model: Model, board: str, *, folder: str | Path | None = None) -> BuildResult:
    """Generates and compiles the firmware of a model for a board; what is up to date is not built again.

    Args:
        board: its name (``edge-snn boards``), or "host".
        folder: where to build; by default build/firmware/MODEL-BOARD.

    Returns:
        Path of the ELF, bytes of flash, RAM and stack, the plan.

    Raises:
        EdgeSnnError: no compiler, or the board is too small (says by how much).
    """
    from edge_snn.harness.firmware import build_firmware
    from firmware_gen import boards

    made, wanted = load(model), boards.load(board)
    place = Path(folder) if folder else Path("build") / "firmware" / f"{made.sha256[:12]}-{wanted.name}"
    return build_firmware(made, wanted, place)


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
        correct, accuracy, host_accuracy: classes that are the labels, on the device, and of the integer reference;
            None where there are no labels, or the metric is not of classes.
        metric, value, host_value: name of the metric, what it is on the device, and of the integer reference.
        mismatched_logits, mismatched_spike_counts: images on which device and host differ.
        mismatched_repeats: images whose repeated inferences differ.
        latency: of a whole inference.
        mean_rate: spikes over neurons times time steps.
        flash_bytes, ram_bytes: None where the board cannot tell.
        report: everything that is in report.json.
        folder: where the report files are.
    """

    images: int
    correct: int | None
    accuracy: float | None
    host_accuracy: float | None
    metric: str
    value: float | None
    host_value: float | None
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


def report_folder(model: IntegerModel, place: str, samples: Samples) -> Path:
    """Where a run's files go by default: each model, board and data set has a folder of its own."""
    from edge_snn.harness.journal import data_digest

    digest = data_digest(samples.x, samples.y, *samples.others)
    return Path("build") / "eval" / f"{model.sha256[:12]}-{place}-{digest[:12]}"


def evaluate(
    model: Model,
    data: Images,
    *,
    emulate: str | None = None,
    port: str | tuple[str, ...] = (),
    board: str | None = None,
    limit: int | None = None,
    metric: str = "accuracy",
    repeat: int = 1,
    warmup: int | None = None,
    jobs: int = 1,
    wait: float = 0.0,
    clock: str = "auto",
    report: str | Path | None = None,
    bench: Bench | None = None,
    firmware: Path | None = None,
) -> Evaluated:
    """Streams images to a device, and compares logits and spike counts of every one with the host.

    Args:
        model: as for :func:`simulate`.
        data: as for :func:`simulate`.
        emulate: board to build for and run emulated, or "host".
        port: instead of that: device or pyserial URL of a board that is flashed; several share the images.
        board: with ``port``, which board it must be.
        limit: only the first images.
        metric: as for :func:`simulate`.
        repeat: timed inferences of each image.
        warmup: inferences that do not count (default: 1 on a port, 0 emulated).
        jobs: emulators that share the images.
        wait: seconds in which a port may appear, and its board begin to answer.
        clock: "board" vouches that a board, not an emulator, is at the port, where that cannot be known.
        report: folder for report.html and the other files; by default one of this model, board and data set.
        bench: instead of ``emulate``, ``port``, ``board``, ``jobs``, ``wait`` and ``clock``.
        firmware: where to build; by default in the report's folder.

    Warns:
        BitExactnessWarning: device and host differ.

    Raises:
        EdgeSnnError: a bad model or data set, a missing tool; DeviceError when the device was lost.
    """
    from edge_snn.data import Metric
    from edge_snn.errors import DeviceError
    from edge_snn.harness import signals
    from edge_snn.harness.session import Bench, Settings, measure

    ports = (port,) if isinstance(port, str) else tuple(port)
    bench = bench or Bench(emulate, jobs, ports, board, clock=clock, wait=wait)
    made = load(model)
    chosen, dataset = Metric.parse(metric), dataset_for(data, made, limit)
    place = bench.emulate or bench.board or "port"
    folder = Path(report) if report else report_folder(made, place, dataset)
    settings = Settings(repeat, bench.warmup if warmup is None else warmup)
    found = measure(bench, made, dataset, folder, settings=settings, metric=chosen, firmware=firmware)
    signals.again(found["stopped"])  # Ctrl-C and its like are meant for the whole program
    if found["stopped"]:
        raise DeviceError(f"stopped after {found['images']} of {len(dataset.x)} images: {found['stopped']}")
    for check in found["checks"]:
        if check["status"] == "failed":
            warnings.warn(f"{check['name']}: {check['message']}", BitExactnessWarning, stacklevel=2)
    figures = {item.name: found[item.name] for item in fields(Evaluated) if item.name in found}
    scored = found["metric"]
    figures |= {"metric": scored["name"], "value": scored["value"], "host_value": scored["host_value"]}
    figures["latency"] = Latency(**found["latency"])
    return Evaluated(**figures, report=found, folder=folder)
