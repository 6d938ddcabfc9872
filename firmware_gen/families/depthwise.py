"""C of depthwise convolutions of codes: a function a channel, of its own weights or its own requantisation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from edge_snn.plan.depthwise import DepthwiseStep
from edge_snn.plan.digits import Term, products
from firmware_gen.emit import Struct, array, comment
from firmware_gen.families.context import Context
from firmware_gen.families.requant import requantise

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parents[1] / "templates"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # C; names come from us
)
UNROLLED = 8  # codes that are gathered in a turn of the loop


def emit(context: Context, index: int, step: DepthwiseStep) -> None:
    """Declares the step's struct and functions, and its call."""
    name, node = f"step_{index}", step.node
    kh, kw, cin, multiplier = node.weight.shape
    height, width = step.plane
    top, left = node.padding[:2]
    taps = None
    if not step.coded:
        taps = f"{name}_taps"
        numbers = ", ".join(f"{offset}u" for offset in step.taps.reshape(-1).tolist())
        context.declare(f"static const uint32_t {taps}[{kh * kw}] = {{{numbers}}};\n")
        about = [f"{node.name}: weights plus 128, channel by channel"]
        context.declare(array(f"{name}_weights", (step.weights + 128).astype(np.uint8), about))
    plane = context.scratch(index, "plane")
    fields = {"plane": plane, "plane_bytes": height * width, "plane_width": width}
    windows = {
        "tap_count": 0 if step.coded else kh * kw,
        "out_width": step.out[1],
        "step_x": node.stride[1],
        "step_y": node.stride[0] * width,
    }
    struct = Struct(
        {
            **{key: f"{value}u" for key, value in fields.items()},
            "taps": taps,
            **{key: f"{value}u" for key, value in windows.items()},
            "border": node.input_zero,
        }
    )
    context.declare(comment(f"{node.name}: depthwise {kh}x{kw}, {cin} channels, {multiplier} of each"))
    context.declare(f"static const esnn_depthwise_t {name} = {struct.render()};\n")
    context.declare(
        TEMPLATES.get_template("depthwise.c.jinja").render(
            name=name,
            channels=[_channel(step, name, channel) for channel in range(node.channels)],
            coded=step.coded,
            sliding=step.sliding,
            skips=node.input_zero == 0,
            height=kh,
            stride=node.stride,
            positions=step.output.positions,
            outputs=node.channels,
            out_height=step.out[0],
            out_width=step.out[1],
            plane_width=width,
            taps=kh * kw,
            lines=step.lines,
            parts=step.out[0] // step.lines,
            kernel="esnn_depthwise_sums_3x3" if step.is_3x3 else "esnn_depthwise_sums",
            input=context.offset(step.sources[0].storage),
            gather=_gather(context, step),
            first=top * width + left,
            plane=plane,
            sums=0 if step.coded else context.scratch(index, "sums"),
            output=context.offset(step.output.storage),
            multiplier=multiplier,
            counter=step.counter,
            zero=node.zero,
        )
    )
    context.calls.append(f"{name}_run(arena, result->counts)")


def _gather(context: Context, step: DepthwiseStep) -> str:
    """The name of the function that gathers a channel, declared once for all layers of that shape."""
    (height, width), (_, image_width, channels) = step.gathered, step.image
    name = f"esnn_gather_{height}_{width}_{image_width}_{channels}_{step.plane[1]}"
    text = TEMPLATES.get_template("gather.c.jinja").render(
        name=name,
        gathered=(height, width),
        cin=channels,
        image_width=image_width,
        plane_width=step.plane[1],
        unrolled=UNROLLED,
    )
    if text not in context.declarations:
        context.declare(text)
    return name


def _channel(step: DepthwiseStep, name: str, channel: int) -> dict[str, Any]:
    """What the template asks of an output channel."""
    kh, kw = step.node.weight.shape[:2]
    weights, item = step.weights[channel], step.requantisers[channel]
    grid, offsets = weights.reshape(kh, kw), step.taps
    bias = int(step.bias[channel])
    about: dict[str, Any] = {
        "index": channel,
        "name": f"{name}_c{channel}",
        "constant": item.constant,
        "code": requantise(item),
        "bias": bias,
        "start": bias + 128 * int(weights.sum()) - int((weights * (weights - 1) // 2).sum()),
        "codes": [],
    }
    if step.sliding:
        about["codes"] = [
            {"offset": int(offsets[0, x]), "lines": _lines({kh - 1 - y: int(grid[y, x]) for y in range(kh)})}
            for x in range(kw)
        ]
    elif step.coded:
        about["codes"] = [
            {"offset": int(offset), "lines": _lines({0: int(weight)})}
            for offset, weight in zip(offsets.reshape(-1), weights)
        ]
    return about


def _lines(weights: dict[int, int]) -> list[str]:
    """C statements that add a code u times each weight to its sum; a code that is shifted elsewhere first is shared."""
    found = products(list(weights.values()))
    shared: dict[tuple[bool, int], list[tuple[int, Term]]] = {}
    for row, terms in zip(weights, found.terms):
        for term in terms:
            shared.setdefault((term.multiple, term.place), []).append((row, term))
    lines = [_multiple(found.factor)] if found.factor > 1 else []
    for (multiple, place), users in sorted(shared.items()):
        code = "v" if multiple else "u"
        lines.append(f"ESNN_SHIFTED(t, {code}, {place});")
        for row, term in users:
            lines.append(f"ESNN_{'PLUS' if term.sign > 0 else 'LESS'}(s{row}, t, {code}, {place});")
    return lines


def _multiple(factor: int) -> str:
    """v is u times 2^k + 1 or 2^k - 1."""
    if (factor - 1) & (factor - 2) == 0:
        return f"ESNN_MORE(v, u, {(factor - 1).bit_length() - 1});"
    return f"ESNN_FEWER(v, u, {factor.bit_length()});"
