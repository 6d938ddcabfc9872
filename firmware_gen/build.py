"""Builds the firmware of a model for a board with CMake."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from edge_snn.errors import EdgeSnnError, InputError, ToolMissingError
from edge_snn.plan import Plan
from firmware_gen import build_id, library, programs, stack
from firmware_gen.boards import Board
from firmware_gen.codegen import GeneratedModel, generate
from firmware_gen.emit import c_string

ROOT = Path(__file__).parent
PACKAGES = {"arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi", "gcc": "gcc libc6-dev"}
# Some of these end a word or start a variable for CMake, make or the linker, however they are quoted.
UNFIT = re.compile(r"""["#$;:|\\\x00-\x1f\x7f]""")
OVERFLOW = re.compile(r"region `(FLASH|RAM)' overflowed by (\d+) bytes")

PACKED_ROWS = "-DESNN_PACKED_ROWS"  # rows of bytes where those of 16-bit weights do not fit (esnn_forms.h)


@dataclass(frozen=True)
class BuildResult:
    """A linked firmware and what it takes.

    Attributes:
        sections: bytes of .text, .rodata, .data, .bss.
        stack_bound: bytes along the deepest chain of calls; 0 on the host.
        flash_bytes: .text + .rodata + .data.
        ram_bytes: .data + .bss (arena, frame buffer and result are in it) + stack bound.
        build_id: of its sources, as INFO tells it.
    """

    elf: Path
    board: Board
    generated: GeneratedModel
    sections: dict[str, int]
    stack_bound: int
    build_id: str = ""

    @property
    def flash_bytes(self) -> int:
        return self.sections[".text"] + self.sections[".rodata"] + self.sections[".data"]

    @property
    def ram_bytes(self) -> int:
        return self.sections[".data"] + self.sections[".bss"] + self.stack_bound


def need(tool: str, package: str) -> str:
    """Path of a program; ToolMissingError with the line that installs it."""
    found = shutil.which(tool)
    if found is None:
        raise ToolMissingError(f"{tool} is not installed", hint=f"apt-get install {package}")
    return found


def has_newlib() -> bool:
    """Whether the Arm compiler finds its C library, which Debian packs apart from it."""
    command = ["arm-none-eabi-gcc", "-print-file-name=nano.specs"]
    done = programs.run(command, timeout=20)
    return Path(done.stdout.strip()).is_absolute()  # the bare name comes back when there is no such file


def need_newlib() -> None:
    """Raises ToolMissingError unless the Arm compiler has a C library."""
    if not has_newlib():
        raise ToolMissingError(
            "the C library of arm-none-eabi-gcc is not installed", hint="apt-get install libnewlib-arm-none-eabi"
        )


def need_plain_path(folder: Path) -> None:
    """Raises InputError where CMake or make would misread the path of a folder to build in, or of the kernels."""
    for place in (folder.resolve(), ROOT):
        unfit = UNFIT.search(str(place))
        if unfit:
            raise InputError(
                f"CMake and make cannot work in a folder whose path has {unfit.group()!r}",
                where=str(place),
                hint="choose another folder",
            )


def _write(path: Path, text: str) -> None:
    data = programs.encoded(text)  # paths are in it, whatever letters the file system has
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)  # only when it changes, so that nothing is built twice


def write_board_files(board: Board, folder: Path, identity: bytes = bytes(build_id.BYTES)) -> None:
    """Writes board_config.h, board.cmake, build_id.h and, for a chip, the linker script board.ld into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    number = ", ".join(f"0x{byte:02x}" for byte in identity)
    _write(
        folder / "build_id.h",
        f"/* Of the sources this firmware is made of. */\n#pragma once\n"
        f"#define ESNN_BUILD_ID_BYTES {len(identity)}u\n#define ESNN_BUILD_ID {{{number}}}\n",
    )
    defines = {
        "ESNN_BOARD_NAME": c_string(board.name, 24),
        "ESNN_BOARD_CORE": c_string(board.core, 16),
        "ESNN_BOARD_CLOCK_HZ": f"{board.clock_hz}u",
        "ESNN_BOARD_WINDOW": f"{board.window}u",
        "ESNN_BOARD_KEEPS_IMAGE": str(int(board.keeps_image)),
        **board.defines,
    }
    if board.bauds:
        pairs = [f"{{{baud}u, {divider}u}}" for baud, divider in board.dividers().items()]
        defines["ESNN_BOARD_RATES"] = ", ".join(pairs)
    lines = "".join(f"#define {name} {value}\n" for name, value in defines.items())
    _write(folder / "board_config.h", f"/* From boards/{board.name}/board.json. */\n#pragma once\n{lines}")
    script = ""
    if board.flash and board.ram:
        text = (ROOT / "boards" / "common" / "board.ld").read_text(encoding="utf-8")
        values = {
            "FLASH_ORIGIN": board.flash.origin,
            "FLASH_LENGTH": board.flash.length,
            "RAM_ORIGIN": board.ram.origin,
            "RAM_LENGTH": board.ram.length,
            "STACK_BYTES": board.stack_bytes,
        }
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        _write(folder / "board.ld", text)
        script = f'set(ESNN_LINKER_SCRIPT "{folder / "board.ld"}")\n'
    sources = "\n    ".join(f'"{path}"' for path in board.source_paths())
    flags = " ".join(board.cpu_flags)
    _write(
        folder / "board.cmake",
        f"set(ESNN_CORE {board.core.lower()})\nset(ESNN_CPU_FLAGS {flags})\n"
        f"set(ESNN_BOARD_SOURCES\n    {sources})\n{script}",
    )


def _too_small(board: Board, output: str) -> InputError | None:
    over = {region: int(size) for region, size in OVERFLOW.findall(output)}
    if not over:
        return None
    told = " and ".join(f"{region} by {size} bytes" for region, size in over.items())
    hints = {
        "FLASH": "a model with fewer weights (width, depth, MLP ratio), or a board with more flash",
        "RAM": "a smaller image or fewer channels where edge-snn inspect shows the largest buffers, fewer time steps, "
        "or a board with more RAM",
    }
    hint = "; ".join(hints[region] for region in over)
    return InputError(f"the model does not fit: it exceeds {told}", where=f"board {board.name}", hint=hint)


def _run(command: list[str], log: Path) -> tuple[int, str]:
    done = programs.run(command)
    output = done.stdout + done.stderr
    programs.write_back(log, output)
    return done.returncode, output


def _forget_other_sources(out: Path) -> None:
    """Removes a CMake tree of sources elsewhere, another checkout or a moved one: CMake would refuse it."""
    cache = out / "CMakeCache.txt"
    if cache.exists() and f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" not in cache.read_text(errors="replace"):
        shutil.rmtree(out)


def build(plan: Plan, board: Board, folder: Path, extra_flags: tuple[str, ...] = ()) -> BuildResult:
    """Generates and builds; what is up to date is not built again.

    Args:
        plan: of the model, for the board's core: ``build_plan(model, **board.plan_options)``.
        folder: receives the generated C and the build; its own, per board.
        extra_flags: for compiler and linker, e.g. sanitizers on the host.

    Raises:
        ToolMissingError: no compiler or no CMake.
        InputError: the board is too small (says by how much).
        ValueError: planned for a core with vector registers, and the board has none; or the other way round.
    """
    if plan.vectors != board.has_vectors:
        raise ValueError(f"{board.name}: planned {'with' if plan.vectors else 'without'} vector registers")
    compiler = "gcc" if board.is_host else "arm-none-eabi-gcc"
    need(compiler, PACKAGES[compiler])
    if not board.is_host:
        need_newlib()
    cmake = need("cmake", "cmake")
    need("make", "make")
    need_plain_path(folder)
    folder = folder.resolve()  # one CMake tree a board: a tree keeps the compiler it was made with
    source = folder / ("model-vectors" if board.has_vectors else "model")
    generated = generate_if_changed(plan, source)
    settings, out = folder / f"{board.name}-board", folder / board.name
    identity = build_id.of(generated.files, board)
    write_board_files(board, settings, identity)
    _forget_other_sources(out)
    configure = [cmake, "-S", str(ROOT), "-B", str(out), "-G", "Unix Makefiles"]
    configure += [f"-DESNN_MODEL_DIR={source}", f"-DESNN_BOARD_DIR={settings}"]
    if not board.is_host:
        configure.append(f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'arm-none-eabi.cmake'}")
    log = folder / f"{board.name}.log"

    def make(flags: tuple[str, ...]) -> tuple[int, str, Path]:
        shared = library.kernels(ROOT, board, compiler, cmake, flags, folder / "kernels")
        settings = [f"-DESNN_EXTRA_FLAGS={';'.join(flags)}", f"-DESNN_KERNELS_LIBRARY={shared / library.ARCHIVE}"]
        code, output = _run([*configure, *settings], log)
        if code == 0:
            code, output = _run([cmake, "--build", str(out), "--parallel", str(os.cpu_count() or 1)], log)
        return code, output, shared

    code, output, shared = make(extra_flags)
    if code != 0 and board.paired_rows and "FLASH" in dict(OVERFLOW.findall(output)):
        code, output, shared = make((*extra_flags, PACKED_ROWS))
    if code != 0:
        small = _too_small(board, output)
        if small:
            raise small
        errors = [line for line in output.splitlines() if "error" in line.lower()]
        raise InputError(f"the build failed: {(errors or ['see the log'])[0][:200]}", where=str(log))
    elf = out / "firmware.elf"
    pushed = stack.VECTOR_EXCEPTION_BYTES if board.has_vectors else stack.EXCEPTION_BYTES
    bound = 0
    if not board.is_host:
        bound = stack.bound((out, shared), exception_bytes=pushed, pushed=stack.declared(ROOT / "kernels"))
    if bound > board.stack_bytes and not board.is_host:
        raise InputError(
            f"needs {bound} bytes of stack, {board.stack_bytes} are set aside",
            where=f"board {board.name}",
            hint="raise stack_bytes in its board.json",
        )
    return BuildResult(elf, board, generated, sections(elf), bound, identity.hex())


def generate_if_changed(plan: Plan, folder: Path) -> GeneratedModel:
    """Generates the C unless the folder holds the same already (then nothing needs compiling again)."""
    staged = folder.with_name(f".{folder.name}.new")
    made = generate(plan, staged)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for path in made.files:
        target = folder / path.name
        if not target.exists() or target.read_bytes() != path.read_bytes():
            os.replace(path, target)
        files.append(target)
    shutil.rmtree(staged, ignore_errors=True)
    return GeneratedModel(folder, tuple(files), plan)


def sections(elf: Path) -> dict[str, int]:
    """Bytes of .text, .rodata, .data and .bss of a linked file."""
    try:
        with elf.open("rb") as stream:
            found = {section.name: section["sh_size"] for section in ELFFile(stream).iter_sections()}
    except (OSError, EdgeSnnError) as error:
        raise InputError("the build left no ELF file", where=str(elf)) from error
    return {name: found.get(name, 0) for name in (".text", ".rodata", ".data", ".bss")}
