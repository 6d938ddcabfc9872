"""Kernels are compiled once for a core, and again only when something they are made of changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from edge_snn.errors import InputError
from firmware_gen import boards, build, library

CMAKE = shutil.which("cmake") or "cmake"


@pytest.fixture
def root(tmp_path):
    """Sources with two small kernels."""
    source = tmp_path / "firmware_gen"
    (source / "kernels" / "src" / "rows").mkdir(parents=True)
    (source / "kernels" / "include").mkdir()
    shutil.copy(build.ROOT / "CMakeLists.txt", source)
    for name in ("one", "two"):
        (source / "kernels" / "src" / "rows" / f"{name}.c").write_text(
            f"int {name}(void);\nint {name}(void)\n{{\n    return 1;\n}}\n"
        )
    return source


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE_SNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


def kept(cache):
    return [path for path in cache.iterdir() if path.is_dir()]


def compiled(root, tmp_path, flags=()):
    return library.kernels(root, boards.load("host"), "gcc", CMAKE, flags, tmp_path / "spare")


def test_a_library_is_found_again_until_a_source_or_a_flag_changes(root, cache, tmp_path):
    first = compiled(root, tmp_path)
    assert first.parent == cache
    assert (first / library.ARCHIVE).stat().st_size > 0
    assert {path.name for path in first.glob("*.ci")} == {"one.c.ci", "two.c.ci"}
    stamp = (first / library.ARCHIVE).stat().st_mtime_ns
    assert compiled(root, tmp_path) == first
    assert (first / library.ARCHIVE).stat().st_mtime_ns == stamp
    assert compiled(root, tmp_path, ("-DX",)) != first
    (root / "kernels" / "src" / "rows" / "one.c").write_text("int one(void);\nint one(void)\n{\n    return 2;\n}\n")
    assert compiled(root, tmp_path) != first


def test_what_does_not_compile_is_told_with_its_log_and_not_kept(root, cache, tmp_path):
    (root / "kernels" / "src" / "rows" / "one.c").write_text("int one(void) { return missing; }\n")
    with pytest.raises(InputError, match=r"the kernels do not compile: .*missing") as caught:
        compiled(root, tmp_path)
    log = tmp_path / "spare.log"
    assert str(log) in str(caught.value)
    assert "missing" in log.read_text()
    assert kept(cache) == []


def test_without_a_cache_the_library_lies_in_the_build(root, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGE_SNN_CACHE", str(tmp_path / "file"))
    assert compiled(root, tmp_path).parent == tmp_path / "spare"


def test_libraries_of_long_ago_are_removed(root, cache, tmp_path):
    first = compiled(root, tmp_path)
    os.utime(first, (0, 0))
    second = compiled(root, tmp_path, ("-DX",))
    assert kept(cache) == [second]


@pytest.mark.parametrize("name", ["one.c.ci", library.ARCHIVE, library.MANIFEST])
@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_what_was_lost_or_damaged_is_made_anew(root, cache, tmp_path, name, harm):
    first = compiled(root, tmp_path)
    files = {path.name: path.read_bytes() for path in first.iterdir()}
    harm(first / name)
    assert compiled(root, tmp_path) == first
    assert library.is_whole(first)
    assert {path.name for path in first.iterdir()} == set(files)
    assert (first / "one.c.ci").read_bytes() == files["one.c.ci"]
    assert kept(cache) == [first]


def test_what_does_not_belong_there_is_no_part_of_a_library(root, cache, tmp_path):
    first = compiled(root, tmp_path)
    (first / "three.c.ci").write_text("graph: {}\n")
    compiled(root, tmp_path)
    assert {path.name for path in first.glob("*.ci")} == {"one.c.ci", "two.c.ci"}
