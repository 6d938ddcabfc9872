"""Everything in Python that reads bytes from outside, fed with damaged bytes: one clear error, or a good reading."""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import signal
import struct
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_snn import frontends
from edge_snn.data import Metric, idx, npz, samples
from edge_snn.data import folder as folder_reader
from edge_snn.data.dataset import Dataset
from edge_snn.errors import EdgeSnnError
from edge_snn.frontends import keras_file
from edge_snn.graph import esnn_file
from edge_snn.graph.model import IntegerModel
from edge_snn.harness import compare, frames, journal, saved
from edge_snn.harness.evaluate import Settings
from edge_snn.harness.facts import model_facts
from edge_snn.harness.scoring import scoring
from edge_snn.harness.session import Bench, measure
from edge_snn.passes import bounds
from edge_snn.passes.assemble import assemble
from edge_snn.plan import build_plan
from firmware_gen.verify import verify
from tests.firmware.arm import small_elf
from tests.harness.graded import autoencoder
from tests.int8_files import random_network
from tests.int8_oracle import recover
from tests.networks import images, model

FILES = Path(__file__).parents[1] / "frontends" / "files"
HANG_SECONDS = 20.0
MEMORY_BYTES = 8 << 30


@dataclass(frozen=True)
class Target:
    """One reader.

    Attributes:
        suffix: of the file that it reads.
        seeds: good contents.
        read: takes the path of a file; raises EdgeSnnError and nothing else.
    """

    name: str
    suffix: str
    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]


class Hang(BaseException):
    """A reader that did not end in time."""


def _splitter(path: Path) -> None:
    splitter, data = frames.Splitter(), path.read_bytes()
    for start in range(0, len(data), 7):
        for frame in splitter.feed(data[start : start + 7]):
            _messages(frame.payload)
    _messages(data)


def _messages(payload: bytes) -> None:
    try:
        info = frames.Info.decode(payload)
    except ValueError:
        return
    assert info.board.isprintable()
    frames.DeviceResult.decode(bytes(info.result_bytes), info)


def _esnn(path: Path) -> None:
    bounds.check(esnn_file.load(path))


def _int8(path: Path) -> None:
    found = frontends.read(path, check=False)
    if isinstance(found, frontends.CodesModel):
        assemble(found.graph, found.recovered.scales, found.recovered.borders)


def _codes_model() -> IntegerModel:
    found = recover(random_network(3))
    return assemble(found.graph, found.scales, found.borders)


def _picture(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "0").mkdir()
        (Path(folder) / "0" / f"a{path.suffix}").write_bytes(path.read_bytes())
        folder_reader.read(Path(folder))


def _npz(path: Path) -> None:
    arrays = npz.read(path, ("x", "y"))
    if "x" in arrays:
        npz.images_of(arrays["x"], str(path))
    if "y" in arrays:
        npz.labels_of(arrays["y"], str(path))


def _samples(path: Path) -> None:
    """Any numbers for a model of floats, and what they are scored by."""
    made, found = autoencoder(size=8), samples.load(str(path), limit=5)
    fitted = samples.fit(found, made.takes, made.input_shape, made.classes)
    logits = np.zeros((len(fitted.x), 8), np.int32)
    for name in ("accuracy", "mse", "auc"):
        value = scoring(Metric.parse(name), fitted, made).value(logits, np.arange(len(fitted.x)))
        assert value is None or value >= 0


def _info() -> bytes:
    numbers = struct.pack("<IIIIIIIIHHHHHHHH", 1, 16, 3, 4, 5, 6, 7, 115200, 264, 1, 4, 10, 5, 20, 40 + 4 * 35, 1)
    texts = (("microbit", 24), ("Cortex-M0", 16), ("nano", 32), ("TIMER0", 16), ("cycles", 8))
    whole = numbers + bytes(32 + 16) + b"".join(text.encode().ljust(size, b"\0") for text, size in texts)
    assert frames.Info.decode(whole).model_name == "nano", "the seed is no INFO any more"
    return whole


def _pictures() -> tuple[bytes, ...]:
    from PIL import Image

    found = []
    for kind in ("PNG", "JPEG", "BMP", "PPM"):
        stream = io.BytesIO()
        Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(stream, kind)
        found.append(stream.getvalue())
    return tuple(found)


def _measured(folder: Path) -> tuple[bytes, bytes]:
    """Report and journal of a short run."""
    made = model()
    x = images(3, made.input_shape)
    dataset = Dataset(x, np.arange(3), (), "three")
    measure(Bench(emulate="host"), made, dataset, folder, settings=Settings(repeat=2))
    return (folder / "report.json").read_bytes(), (folder / "journal.jsonl").read_bytes()


def _report(path: Path) -> None:
    found = saved.load(path)
    compare.compare(found, found)


def _journal_reader(good: bytes) -> Callable[[Path], None]:
    made = model()
    facts = model_facts(made, build_plan(made))
    document = journal.decode(good.splitlines()[0])
    header = journal.Header.decode(document or {})
    assert header is not None

    def read(path: Path) -> None:
        for entry in journal.read(path, header, facts).entries.values():
            assert 0 <= entry.index < 3
            assert len(entry.runs) == 2

    return read


def targets() -> tuple[Target, ...]:
    """All readers, with good contents to start from."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        esnn_file.save(model(), folder / "a.esnn")
        esnn_file.save(_codes_model(), folder / "b.esnn")
        np.savez_compressed(folder / "a.npz", x=np.zeros((3, 4, 4, 1), np.uint8), y=np.arange(3))
        kept = {"y": np.arange(4) % 2, "group": np.arange(4) % 2}
        np.savez(folder / "b.npz", x=np.linspace(-3, 3, 32, dtype=np.float32).reshape(4, 8), **kept)
        numbers = ((folder / "b.npz").read_bytes(),)
        esnn = tuple((folder / f"{name}.esnn").read_bytes() for name in "ab")
        arrays = (folder / "a.npz").read_bytes()
        document, lines = _measured(folder / "run")
    plain = struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 4, 4) + bytes(range(32))
    tflite = tuple((FILES / f"{name}.tflite").read_bytes() for name in ("t1", "t4-ternary"))
    line = frames.Frame(frames.INFO | frames.REPLY, 7, _info()).encode()
    line += frames.Frame(frames.RUN | frames.REPLY, 8, bytes(range(200))).encode() + b"m-ready\r\n"
    return (
        Target("link", ".bin", (line, _info()), _splitter),
        Target("esnn", ".esnn", esnn, _esnn),
        Target("npz", ".npz", (arrays,), _npz),
        Target("samples", ".npz", numbers, _samples),
        Target("idx", ".idx", (plain,), idx.read),
        Target("idx-gzip", ".gz", (gzip.compress(plain, mtime=0),), idx.read),
        Target("tflite", ".tflite", tflite, lambda path: frontends.read(path, check=False)),
        Target("tflite-int8", ".tflite", tuple(random_network(seed, 4).bytes() for seed in range(4)), _int8),
        Target("keras", ".keras", ((FILES / "transformer.keras").read_bytes(),), keras_file.check),
        Target("picture", ".png", _pictures(), _picture),
        Target("report", ".json", (document,), _report),
        Target("journal", ".jsonl", (lines,), _journal_reader(lines)),
        Target("elf", ".elf", (small_elf(),), verify),
    )


TELLING = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """A damaged copy: bytes and words overwritten, pieces cut, doubled or moved; within archives, a member's too."""
    if data[:2] == b"PK" and rng.random() < 0.7:
        try:
            return _mutate_member(data, rng)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
            pass
    if data[:1] == b"{" and rng.random() < 0.7:
        try:
            return _mutate_lines(data, rng)
        except (ValueError, RecursionError):
            pass
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        at = rng.randrange(len(out) + 1)
        at = min(at, rng.randrange(200)) if rng.random() < 0.3 else at
        how = rng.randrange(6)
        if how == 0 and at < len(out):
            out[at] = rng.randrange(256)
        elif how == 1 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif how == 2:
            size = rng.choice((1, 2, 4, 8))
            value = rng.choice(TELLING) & ((1 << 8 * size) - 1)
            out[at : at + size] = value.to_bytes(size, rng.choice(("little", "big")))
        elif how == 3:
            del out[at : at + rng.randrange(1, 64)]
        elif how == 4:
            out[at:at] = out[at : at + rng.randrange(1, 64)]
        elif how == 5 and rng.random() < 0.2:
            del out[at:]
    return bytes(out)


JSON_VALUES = [None, True, 0, -1, 1e308, 2**70, "", "x" * 300, [], {}, [[]], "NaN", "../../etc/passwd", "\0", 1.5]


def _mutate_json(text: bytes, rng: random.Random) -> bytes:
    """Replaces, drops or doubles something in a JSON document."""
    document = json.loads(text)
    places: list[tuple[dict | list, str | int]] = []
    stack = [document]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            places.append((item, key))
            stack.append(item[key])
    for _ in range(rng.choice((1, 1, 2, 5)) if places else 0):
        holder, key = rng.choice(places)
        other, other_key = rng.choice(places)
        try:
            if rng.random() < 0.2:
                del holder[key]
            elif rng.random() < 0.5:
                holder[key] = rng.choice(JSON_VALUES)
            else:
                holder[key] = json.loads(json.dumps(other[other_key]))
        except (KeyError, IndexError):
            continue  # an earlier turn took it away
    return json.dumps(document).encode()


def _mutate_lines(data: bytes, rng: random.Random) -> bytes:
    """A JSON document, or lines of a journal of which one is changed and its checksum is right again."""
    if b', "crc": "' not in data:
        return _mutate_json(data, rng)
    lines = data.splitlines(keepends=True)
    number = rng.randrange(len(lines))
    document = journal.decode(lines[number].rstrip(b"\n"))
    if document is None:
        raise ValueError("damaged already")
    lines[number] = journal.encode(json.loads(_mutate_json(json.dumps(document).encode(), rng)))
    return b"".join(lines)


def _mutate_member(data: bytes, rng: random.Random) -> bytes:
    """An archive whose checksums are right and whose content is not."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    if not members:
        raise ValueError("no member")
    name = rng.choice(sorted(members))
    if name.endswith(".json") and rng.random() < 0.8:
        members[name] = _mutate_json(members[name], rng)
    elif rng.random() < 0.1:
        del members[name]
    else:
        members[name] = mutate(members[name], rng)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


@contextmanager
def limits() -> Iterator[None]:
    """Bounds memory, and lets a reader that hangs raise Hang (see :func:`run_one`)."""

    def on_alarm(number: int, frame: object) -> None:
        raise Hang

    memory = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, memory[1]))
    before = signal.signal(signal.SIGALRM, on_alarm)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, memory)


def run_one(target: Target, content: bytes, path: Path) -> str:
    """Reads one content; "read" or "refused". Whatever else happens is raised: a finding."""
    path.write_bytes(content)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        target.read(path)
    except EdgeSnnError:
        return "refused"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "read"


def run(seconds: float, folder: Path, seed: int = 1, chosen: tuple[Target, ...] | None = None) -> Counter[str]:
    """Feeds all readers for ``seconds``; returns how often each read and refused.

    What damaged content a reader fails on is left in ``folder``; the failure is raised.
    """
    rng = random.Random(seed)
    chosen = chosen or targets()
    outcomes: Counter[str] = Counter()
    kept = {target.name: list(target.seeds) for target in chosen}
    with limits():
        for target in chosen:  # or the mutations start from what is no good file at all
            for content in target.seeds[: None if target.name != "link" else 0]:
                assert run_one(target, content, folder / f"good{target.suffix}") == "read", target.name
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for target in chosen:
                content = mutate(rng.choice(kept[target.name]), rng)
                path = folder / f"finding-{target.name}{target.suffix}"
                outcome = run_one(target, content, path)
                outcomes[f"{target.name} {outcome}"] += 1
                path.unlink()
                if outcome == "read" and len(content) < 300_000:  # damage upon damage
                    pool = kept[target.name]
                    pool.append(content) if len(pool) < 200 else pool.__setitem__(rng.randrange(1, 200), content)
    return outcomes
