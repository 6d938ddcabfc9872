"""Generates C from an integer model: arrays, parameters and the call sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from edge_snn import __version__
from edge_snn.errors import InputError
from edge_snn.files import write_text
from edge_snn.plan import (
    AttentionStep,
    CodesStep,
    ConvStep,
    CurrentStep,
    DepthwiseStep,
    GradedAddStep,
    GradedConvStep,
    GradedPoolStep,
    LayoutStep,
    LinearStep,
    LookupStep,
    MeanStep,
    Plan,
    PoolStep,
    ReadoutStep,
    SoftmaxStep,
    Step,
    trace_tensors,
)
from firmware_gen.early import EarlyCode, share
from firmware_gen.emit import c_string
from firmware_gen.families import (
    attention,
    codes,
    conv,
    depthwise,
    graded_add,
    graded_conv,
    graded_pool,
    layout,
    linear,
    lookup,
    pool,
    readout,
    residual,
    softmax,
)
from firmware_gen.families.context import Context
from firmware_gen.needed import cmake, needed, references
from firmware_gen.tensors import tensor_rows

TEMPLATES = Path(__file__).parent / "templates"
EMITTERS: dict[type[Step], Callable[..., None]] = {
    ConvStep: conv.emit,
    LinearStep: linear.emit,
    AttentionStep: attention.emit,
    CurrentStep: residual.emit,
    PoolStep: pool.emit,
    ReadoutStep: readout.emit,
    CodesStep: codes.emit,
    LookupStep: lookup.emit,
    LayoutStep: layout.emit,
    DepthwiseStep: depthwise.emit,
    GradedAddStep: graded_add.emit,
    GradedConvStep: graded_conv.emit,
    GradedPoolStep: graded_pool.emit,
    MeanStep: graded_pool.emit_mean,
    SoftmaxStep: softmax.emit,
}


@dataclass(frozen=True)
class GeneratedModel:
    """What :func:`generate` wrote.

    Attributes:
        folder: holds model.c, model_config.h and kernels.cmake.
        plan: of the steps, in the order of the ticks the device reports.
    """

    folder: Path
    files: tuple[Path, ...]
    plan: Plan

    def kernels(self, core: str) -> tuple[str, ...]:
        """Files of the kernels that it needs on a core, below kernels/src; cores are in ``firmware_gen.needed``."""
        return needed(references((self.folder / "model.c").read_text(encoding="utf-8")), core)


def render(plan: Plan) -> dict[str, str]:
    """The generated files by name; equal plans give equal text."""
    context = _emit(plan)
    early = None
    if plan.early is not None:
        first = _emit(plan.early.plan)
        early = share(plan.early, context.declarations, first.declarations, first.calls)
    return _files(plan, context, early)


def _emit(plan: Plan) -> Context:
    """Declarations and calls of a plan."""
    context = Context(plan)
    for index, step in enumerate(plan.steps):
        EMITTERS[type(step)](context, index, step)
    return context


def _files(plan: Plan, context: Context, early: EarlyCode | None) -> dict[str, str]:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # C, not HTML: names pass through emit.comment and emit.c_string
    )
    digest = bytes.fromhex(plan.sha256)
    sizes = {
        "timesteps": plan.timesteps,
        "classes": len(plan.classes),
        "input_bytes": plan.image_bytes,
        "input_offset": plan.image_offset,
        "arena_bytes": plan.arena_bytes,
        "steps": len(plan.steps),
        "neuron_layers": sum(len(step.neurons) for step in plan.steps),
        "counters": max(plan.counters, 1),
        "vectors": plan.vectors,
        "tensors": len(trace_tensors(plan)),
    }
    code = environment.get_template("model.c.jinja").render(
        version=__version__,
        sha256=plan.sha256,
        sha256_bytes=", ".join(f"0x{byte:02x}" for byte in digest),
        name=c_string(plan.name, 31),
        declarations=context.declarations,
        calls=context.calls,
        early=early,
        timesteps=plan.timesteps,
        tensors=tensor_rows(plan),
    )
    return {
        "model_config.h": environment.get_template("model_config.h.jinja").render(**sizes),
        "model.c": code,
        "kernels.cmake": cmake(code, plan.vectors),
    }


def generate(plan: Plan, folder: Path) -> GeneratedModel:
    """Writes the C of a planned model, each file aside first and renamed when whole.

    Raises:
        InputError: the folder cannot be written.
    """
    texts = render(plan)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=str(folder)) from error
    for name, text in texts.items():
        write_text(folder / name, text)
    return GeneratedModel(folder, tuple(folder / name for name in texts), plan)
