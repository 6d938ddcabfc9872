"""Builds and runs the fuzzer of the device's parser: libFuzzer where clang has it, our own driver where not."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmware_gen.build import ROOT

HERE = Path(__file__).parent
CORPUS = HERE / "corpus" / "device"
SIZES = {"CLASSES": 10, "COUNTERS": 20, "STEPS": 6, "INPUT_BYTES": 300, "INPUT_OFFSET": 8, "ARENA_BYTES": 320}
SIZES |= {"TIMESTEPS": 4, "NEURON_LAYERS": 5, "TENSORS": 3}
BOARD = {"NAME": '"fuzz"', "CORE": '"host"', "CLOCK_HZ": "1000000u", "WINDOW": "1u"}


@dataclass(frozen=True)
class Fuzzer:
    """A built fuzzer.

    Attributes:
        guided: whether it is libFuzzer, which follows coverage.
    """

    program: Path
    guided: bool

    def run(self, seconds: int, folder: Path, seed: int = 1) -> str:
        """Runs it; returns what it told. Raises AssertionError with the report of a finding."""
        found = folder / "corpus"
        found.mkdir(parents=True, exist_ok=True)
        if self.guided:
            command = [
                "-verbosity=0",
                "-print_final_stats=1",
                f"-max_total_time={seconds}",
                f"-seed={seed}",
                "-timeout=20",
                "-rss_limit_mb=2048",
            ]
            command += ["-max_len=4096", f"-artifact_prefix={folder}/", str(found), str(CORPUS)]
        else:
            command = [str(seconds), str(seed), *map(str, sorted(CORPUS.iterdir()))]
        done = subprocess.run(
            [str(self.program), *command], capture_output=True, cwd=folder, timeout=seconds + 300, check=False
        )
        told = (done.stdout + done.stderr).decode(errors="replace")
        assert done.returncode == 0, f"the device's parser failed; the input is in {folder}\n{told[-6000:]}"
        return told


def has_libfuzzer(folder: Path) -> bool:
    """Whether clang is here and links libFuzzer (on Debian in libclang-rt-dev)."""
    if shutil.which("clang") is None:
        return False
    source = folder / "probe.c"
    source.write_text("int LLVMFuzzerTestOneInput(const char *d, long n) { return d == (char *)n; }\n")
    command = ["clang", "-fsanitize=fuzzer,address", str(source), "-o", str(folder / "probe")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def build(folder: Path, keeps_image: bool, guided: bool, instead: dict[str, Path] | None = None) -> Fuzzer:
    """Compiles the firmware's own link, server and text code around a model of a few lines.

    ``instead`` names other files to take for some of the sources.
    """
    folder.mkdir(parents=True, exist_ok=True)
    defines = "".join(f"#define ESNN_MODEL_{name} {value}\n" for name, value in SIZES.items())
    (folder / "model_config.h").write_text(f"#pragma once\n{defines}")
    defines = "".join(f"#define ESNN_BOARD_{name} {value}\n" for name, value in BOARD.items())
    defines += f"#define ESNN_BOARD_KEEPS_IMAGE {int(keeps_image)}\n"
    (folder / "board_config.h").write_text(f"#pragma once\n{defines}")
    (folder / "build_id.h").write_text("#define ESNN_BUILD_ID_BYTES 16u\n#define ESNN_BUILD_ID {1, 2, 3}\n")
    sources = [path for path in sorted((ROOT / "runtime" / "src").glob("*.c")) if path.name != "main.c"]
    sources = [(instead or {}).get(path.name, path) for path in sources]
    sources += [HERE / "device.c"] if guided else [HERE / "device.c", HERE / "driver.c"]
    compiler = ["clang", "-fsanitize=fuzzer,address,undefined"] if guided else ["gcc", "-fsanitize=address,undefined"]
    flags = ["-std=gnu11", "-O1", "-g", "-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Werror"]
    include = [f"-I{folder}", *(f"-I{ROOT / part / 'include'}" for part in ("runtime", "kernels"))]
    program = folder / "device-fuzzer"
    subprocess.run([*compiler, *flags, *include, *map(str, sources), "-o", str(program)], check=True)
    return Fuzzer(program, guided)
