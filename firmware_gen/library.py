"""The kernel library, compiled once for a core and kept: models share it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from edge_snn.errors import InputError
from edge_snn.locks import locked
from firmware_gen import programs
from firmware_gen.boards import Board

ARCHIVE = "libesnn_kernels.a"
MANIFEST = "manifest.json"  # SHA-256 of every other file of an entry, by name; written last
KEPT_SECONDS = 30 * 24 * 3600.0  # since it was last used


def cache_folder() -> Path:
    """Where compiled kernels are kept: $EDGE_SNN_CACHE, else the user's cache."""
    own = os.environ.get("EDGE_SNN_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-snn"


def kernels(root: Path, board: Board, compiler: str, cmake: str, flags: tuple[str, ...], spare: Path) -> Path:
    """Folder with :data:`ARCHIVE` and the call graphs of its functions; compiled where it is not there yet.

    It is found by what it is made of: sources, compiler, flags, and the place of the sources, which debug information
    names. What is kept is taken only as it was written: an entry that lost a file, or has a damaged one, is made anew.

    Args:
        root: of the C sources, ``firmware_gen``.
        spare: is used where the cache cannot be written.

    Raises:
        InputError: the kernels do not compile.
    """
    cpu = "arm-none-eabi.cmake" if not board.is_host else ""
    version = programs.run([compiler, "--version"]).stdout
    whole = hashlib.sha256(repr((str(root), board.cpu_flags, flags, compiler, version)).encode())
    for path in sorted([root / "CMakeLists.txt", *(root / "kernels").rglob("*.[ch]")]):
        whole.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    place = cache_folder() / "kernels"
    try:
        place.mkdir(parents=True, exist_ok=True)
        writable = os.access(place, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        place = spare
        place.mkdir(parents=True, exist_ok=True)
    made = place / whole.hexdigest()[:24]
    if is_whole(made):
        with contextlib.suppress(OSError):
            os.utime(made)
        return made
    _forget(place)
    with tempfile.TemporaryDirectory(dir=place, prefix=".part-") as folder:
        work, result = Path(folder) / "work", Path(folder) / "result"
        configure = [cmake, "-S", str(root), "-B", str(work), "-G", "Unix Makefiles"]
        configure += [f"-DESNN_CPU_FLAGS={';'.join(board.cpu_flags)}", f"-DESNN_EXTRA_FLAGS={';'.join(flags)}"]
        if cpu:
            configure.append(f"-DCMAKE_TOOLCHAIN_FILE={root / cpu}")
        for command in (configure, [cmake, "--build", str(work), "--parallel", str(os.cpu_count() or 1)]):
            done = programs.run(command)
            if done.returncode != 0:
                output = done.stdout + done.stderr
                log = spare.with_suffix(".log")
                programs.write_back(log, output)
                errors = [line for line in output.splitlines() if "error" in line.lower()]
                raise InputError(f"the kernels do not compile: {(errors or ['see the log'])[0][:200]}", where=str(log))
        result.mkdir()
        for path in [work / ARCHIVE, *work.rglob("*.ci")]:
            shutil.copy(path, result)
        _seal(result)
        _put(result, made, Path(folder) / "damaged")
    return made


def is_whole(entry: Path) -> bool:
    """Whether every file of a kept library is there, and as it was written."""
    try:
        digests = json.loads((entry / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(digests, dict) or {path.name for path in entry.iterdir()} != {*digests, MANIFEST}:
            return False
        return ARCHIVE in digests and all(_digest(entry / name) == digest for name, digest in digests.items())
    except (OSError, ValueError):
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _seal(entry: Path) -> None:
    """Writes the manifest."""
    digests = {path.name: _digest(path) for path in sorted(entry.iterdir())}
    (entry / MANIFEST).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")


def _put(result: Path, made: Path, aside: Path) -> None:
    """Moves a finished library to its place, unless another process was faster; what is damaged there goes aside."""
    with locked(made.parent):
        if is_whole(made):
            return
        with contextlib.suppress(FileNotFoundError):
            os.replace(made, aside)
        os.replace(result, made)


def _forget(place: Path) -> None:
    """Removes libraries that have not been used for long."""
    for old in place.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old)
