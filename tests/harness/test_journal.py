"""A journal gives back what was written, and never anything else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.harness import journal
from edge_snn.harness.facts import LayerFacts, ModelFacts, StepFacts
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.journal import Entry, Header, Journal

FACTS = ModelFacts(
    "small",
    "a" * 64,
    2,
    ("cat", "dog", "=cow"),
    (LayerFacts("one", "binary", 5, 0), LayerFacts("two", "ternary", 4, 1)),
    (StepFacts("one", "conv2d", 10), StepFacts("two", "linear", 20)),
)
HEADER = Header("small", "a" * 64, "pets", "b" * 64, 8, "microbit", 1_000_000, 1, 2)


def result(seed: int) -> DeviceResult:
    rng = np.random.default_rng(seed)
    return DeviceResult(
        rng.integers(-(1 << 31), 1 << 31, 3).astype(np.int32),
        rng.integers(0, 1 << 32, 6),
        rng.integers(0, 1 << 32, 2),
        int(rng.integers(0, 1 << 40)),
    )


def entry(index: int, on: str = "/dev/ttyACM0") -> Entry:
    first = result(index)
    return Entry(index, on, (first, replace(first, ticks=first.ticks + 3)))


def write(path, entries, header=HEADER):
    with Journal(path, header) as book:
        for item in entries:
            book.append(journal.encode_entry(item, {"label": 1}))


def same(a: Entry, b: Entry) -> bool:
    return (a.index, a.on) == (b.index, b.on) and all(
        journal.same_result(x, y) and x.ticks == y.ticks and np.array_equal(x.step_ticks, y.step_ticks)
        for x, y in zip(a.runs, b.runs)
    )


def test_what_was_appended_comes_back(tmp_path):
    path = tmp_path / "j"
    different = Entry(5, "x", (result(5), result(6)))
    write(path, [entry(3), entry(0), different])
    found = journal.read(path, HEADER, FACTS)
    assert found.damaged == 0
    assert list(found.entries) == [3, 0, 5]
    assert all(same(found.entries[item.index], item) for item in (entry(3), entry(0), different))
    assert all(json.loads(line)["crc"] for line in path.read_text().splitlines())


def test_a_half_written_line_costs_that_line_only(tmp_path):
    path = tmp_path / "j"
    write(path, [entry(0), entry(1)])
    whole = path.read_bytes()
    last = len(whole.splitlines(keepends=True)[-1])
    for cut in range(1, last + 1):
        path.write_bytes(whole[:-cut])
        found = journal.read(path, HEADER, FACTS)
        assert list(found.entries) == [0], cut
        assert found.damaged == (1 if cut < last else 0)


def test_a_changed_byte_is_never_a_result(tmp_path):
    path = tmp_path / "j"
    write(path, [entry(0), entry(1)])
    whole = bytearray(path.read_bytes())
    start = whole.index(b"\n") + 1
    first = whole.index(b"\n", start) - start
    for at in range(start, start + first):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        assert list(journal.read(path, HEADER, FACTS).entries) == [1], at


@pytest.mark.parametrize(
    "change",
    [
        {"index": 8},
        {"index": -1},
        {"index": True},
        {"on": 3},
        {"on": "x" * 3000},
        {"logits": [1, 2]},
        {"logits": [1, 2, 1 << 70]},
        {"logits": "abc"},
        {"counts": [1] * 5},
        {"counts": [-1] * 6},
        {"ticks": [1]},
        {"ticks": [1, None]},
        {"step_ticks": [[1, 2]]},
        {"step_ticks": [[1], [2]]},
        {"others": {"x": 1}},
        {"others": []},
    ],
)
def test_a_line_of_another_shape_is_passed_over_though_its_crc_is_right(tmp_path, change):
    path = tmp_path / "j"
    write(path, [])
    good = journal.decode(journal.encode_entry(entry(2), {}).rstrip(b"\n"))
    assert journal.decode_entry(good, FACTS, HEADER) is not None
    with path.open("ab") as stream:
        stream.write(journal.encode({**good, **change}))
    found = journal.read(path, HEADER, FACTS)
    assert (found.entries, found.damaged) == ({}, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_sha256": "c" * 64, "model": "big"}, "its results are of model 'big'"),
        ({"data_sha256": "c" * 64, "data": "birds"}, "its results are of data 'birds' (8 images"),
        ({"board": "host"}, "its results are of board 'host', this run's are of 'microbit'"),
        ({"clock_hz": 5}, "its results are of clock 5"),
        ({"protocol": 9}, "its results are of protocol 9"),
        ({"repeat": 1}, "its results are of repeat 1"),
        ({"journal": 9}, "its results are of journal format 9"),
    ],
)
def test_a_journal_of_something_else_is_refused_by_name(tmp_path, change, message):
    path = tmp_path / "j"
    write(path, [], replace(HEADER, **change))
    with pytest.raises(InputError) as caught:
        journal.read(path, HEADER, FACTS)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"rubbish\n", b'{"index": 0}\n', b"\xff" * 1000, b"[" * 100_000])
def test_a_file_that_is_no_journal_is_refused(tmp_path, content):
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a journal"):
        journal.read(path, HEADER, FACTS)
    path.unlink()
    with pytest.raises(InputError, match="there is no journal to resume"):
        journal.read(path, HEADER, FACTS)


def test_a_new_run_keeps_the_old_journal_beside_its_own(tmp_path):
    path = tmp_path / journal.JOURNAL
    write(path, [entry(0)])
    old = path.read_bytes()
    write(path, [entry(1)])
    assert (tmp_path / journal.PREVIOUS).read_bytes() == old
    assert list(journal.read(path, HEADER, FACTS).entries) == [1]


def test_the_digest_tells_images_labels_and_order_apart():
    x = np.arange(24, dtype=np.uint8).reshape(2, 3, 4, 1)
    y = np.array([0, 1])
    digests = {
        journal.data_digest(x, y),
        journal.data_digest(x[::-1], y),
        journal.data_digest(x, y[::-1]),
        journal.data_digest(x.reshape(2, 4, 3, 1), y),
        journal.data_digest(x[:1], y[:1]),
    }
    assert len(digests) == 5
    assert journal.data_digest(x, y.astype(np.int32)) == journal.data_digest(x, y)
