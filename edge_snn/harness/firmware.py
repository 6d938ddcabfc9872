"""The firmware of a model: plans it for the board's core, generates, compiles."""

from __future__ import annotations

from pathlib import Path

from edge_snn.graph.model import IntegerModel
from edge_snn.plan import build_plan
from firmware_gen.boards import Board
from firmware_gen.build import BuildResult, build


def build_firmware(model: IntegerModel, board: Board, folder: Path, extra_flags: tuple[str, ...] = ()) -> BuildResult:
    """See :func:`firmware_gen.build.build`.

    Raises:
        InputError: the board is too small (says by how much), or the model cannot be lowered.
        ToolMissingError: no compiler or no CMake.
    """
    return build(build_plan(model, **board.plan_options), board, folder, extra_flags)
