"""A journal gives back what was written, and never anything else."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import asdict, replace

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.harness import journal
from edge_snn.harness.book import PREVIOUS, Journal, JournalError
from edge_snn.harness.facts import LayerFacts, ModelFacts, StepFacts
from edge_snn.harness.frames import DeviceResult
from edge_snn.harness.journal import Entry, Header

FACTS = ModelFacts(
    "small",
    "a" * 64,
    2,
    ("cat", "dog", "=cow"),
    (LayerFacts("one", "binary", 5, 0, 2), LayerFacts("two", "ternary", 4, 1, 2, 2)),
    (StepFacts("one", "conv2d", 10), StepFacts("two", "linear", 20)),
)
HEADER = Header("small", "a" * 64, "pets", "b" * 64, 8, "microbit", 1_000_000, 1, 2, 0, "ms", "c0ffee")


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
            book.append(journal.encode_entry(item, header.run, {"label": 1}))


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
    good = journal.decode(journal.encode_entry(entry(2), HEADER.run, {}).rstrip(b"\n"))
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
        ({"journal": 1}, "it is of journal format 1, this edge-snn writes format 2"),
        ({"unit": "instructions"}, "its results are of unit 'instructions', this run's are of 'ms'"),
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


def test_lines_of_another_run_are_refused_by_name_and_left(tmp_path):
    path = tmp_path / "j"
    write(path, [entry(0), entry(1)])
    with path.open("ab") as stream:
        stream.write(journal.encode_entry(entry(2, "mps2-an386"), "badcafe", {}))
        stream.write(journal.encode_entry(entry(2, "mps2-an386"), "", {}))
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"2 of its lines are of another run \(run 'badcafe', on 'mps2-an386'\)"):
        journal.read(path, HEADER, FACTS)
    assert path.read_bytes() == before


ANOTHER = replace(HEADER, run="feed")


def test_a_new_run_keeps_a_finished_journal_beside_its_own(tmp_path):
    path = tmp_path / journal.JOURNAL
    write(path, [entry(number) for number in range(HEADER.images)])
    old = path.read_bytes()
    write(path, [entry(1)], ANOTHER)
    assert (tmp_path / PREVIOUS).read_bytes() == old
    assert list(journal.read(path, ANOTHER, FACTS).entries) == [1]


def test_unfinished_journals_are_never_replaced(tmp_path):
    path = tmp_path / journal.JOURNAL
    contents = set()
    for turn in range(4):  # of two runs, each twice: names are not taken twice either
        header = replace(HEADER, run=f"run{turn % 2}")
        path.write_bytes(journal.encode(asdict(header)) + journal.encode_entry(entry(turn), header.run, {}))
        contents.add(path.read_bytes())
        with Journal(path, ANOTHER) as book:
            pass
        assert (tmp_path / book.kept).read_bytes() in contents
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file != path}
    assert set(kept) == {"journal.run0.jsonl", "journal.run0-2.jsonl", "journal.run1.jsonl", "journal.run1-2.jsonl"}
    assert set(kept.values()) == contents


def test_what_an_older_version_left_as_previous_is_kept_if_it_is_unfinished(tmp_path):
    path = tmp_path / journal.JOURNAL
    older = journal.encode({"journal": 1, "images": 8}) + journal.encode({"index": 3})
    (tmp_path / PREVIOUS).write_bytes(older)
    write(path, [entry(number) for number in range(HEADER.images)])
    write(path, [], ANOTHER)
    assert sorted(older == file.read_bytes() for file in tmp_path.iterdir()) == [False, False, True]
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_no_journal_is_kept_and_an_empty_one_is_not(tmp_path):
    path = tmp_path / journal.JOURNAL
    path.write_text("notes of mine")
    write(path, [])
    (notes,) = (file for file in tmp_path.iterdir() if file != path)
    assert notes.read_text() == "notes of mine"
    write(path, [], ANOTHER)
    assert set(tmp_path.iterdir()) == {notes, path}


def test_a_pipe_as_journal_is_refused_at_once(tmp_path):
    path = tmp_path / journal.JOURNAL
    os.mkfifo(path)
    with pytest.raises(InputError, match="is a pipe or a device"):
        journal.read(path, HEADER, FACTS)
    with pytest.raises(InputError, match="is a pipe or a device"):
        write(path, [])


def test_a_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / journal.JOURNAL
    with Journal(path, HEADER) as book:
        book.append(journal.encode_entry(entry(0), HEADER.run, {}))
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, limit[1]))
        try:
            for _ in range(2):
                with pytest.raises(JournalError):
                    book.append(journal.encode_entry(entry(1), HEADER.run, {}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        with pytest.raises(JournalError, match="is not written any more"):
            book.append(journal.encode_entry(entry(2), HEADER.run, {}))
    found = journal.read(path, HEADER, FACTS)
    assert (list(found.entries), found.damaged) == ([0], 0)


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
