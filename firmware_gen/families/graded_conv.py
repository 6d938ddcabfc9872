"""C of convolutions of codes: data, and the functions that are the layer's own (esnn_graded_conv.h)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from edge_snn.plan import GradedConvStep, nibbles
from edge_snn.plan.constants import GROUP, SPARSE, terms_of
from edge_snn.plan.graded_conv import BLOCK, CONSTANTS, TABLE, WIDE, columns_of, zeros_of
from edge_snn.plan.requant import Requantiser
from edge_snn.plan.segments import Segment, list_table
from firmware_gen.emit import Struct, Value, array, comment, words
from firmware_gen.families.context import Context, block_words
from firmware_gen.families.requant import requantise

MOST_LINES = 3
FAR = 248  # words that one instruction reaches, in whole vectors
TEMPLATES = Path(__file__).parents[1] / "templates"


def emit(context: Context, index: int, step: GradedConvStep) -> None:
    """Declares the step's arrays and functions, and its call."""
    (emit_windows if step.form in (CONSTANTS, WIDE) else emit_rows)(context, index, step)
    context.calls.append(f"step_{index}_run(arena, result->counts)")


def _render(template: str, **values: object) -> str:
    made = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return made.from_string((TEMPLATES / template).read_text(encoding="utf-8")).render(**values)


def emit_rows(context: Context, index: int, step: GradedConvStep) -> None:
    """A layer that adds rows of weights."""
    name, node = f"step_{index}", step.node
    kh, kw, cin, cout = node.weight.shape
    columns = node.weight.transpose(1, 0, 2, 3)
    halves = step.form == TABLE
    if halves:
        about = [
            f"{node.name}: {kh}x{kw}, {cin} -> {cout} channels, rows of 16 outputs [block][x][y][channel][1 .. 15]"
        ]
        context.declare(words(f"{name}_weights", nibbles.rows(columns), about, "H", "1u"))
        _bias(context, name, step)
    else:
        _weights(context, name, step, columns, "x][y")
    rows = ",\n    ".join(_segment_row(segment, gap) for segment, gap in zip(step.segments, _gaps(step.segments)))
    context.declare(f"static const esnn_segment_t {name}_segments[{len(step.segments)}] = {{\n    {rows}}};\n")
    if node.input_zero:
        outside = np.full(cin, node.input_zero, np.uint8)
        context.declare(array(f"{name}_outside", outside, [f"{node.name}: a position outside"]))
    table = "NULL" if halves else _table(context, step)
    context.declare(f"static const esnn_graded_conv_t {name} = {_fields(context, index, step, table).render()};\n")
    blocks = [[output(item) for item in step.requantisers[first : first + BLOCK]] for first in range(0, cout, BLOCK)]
    context.declare(
        _render(
            "graded_rows.c.jinja",
            name=name,
            about=comment(node.name),
            step=step,
            node=node,
            table=table,
            halves=halves,
            list="esnn_graded_nibbles(" if halves else f"esnn_graded_list({table}, ",
            walk="esnn_graded_pairs" if halves else "esnn_graded_walk",
            unit=f"{nibbles.ROWS}u * ESNN_ROW_UNIT" if halves else "ESNN_ROW_UNIT",
            words=f"{nibbles.ROWS}u * ESNN_PAIR_WORDS" if halves else "ESNN_GRADED_ROW_WORDS",
            join=_joined(context, step),
            blocks=blocks,
            codes=[blocks.index(block) for block in blocks],  # with one scale for all channels many are alike
            inputs=kh * kw * cin,
            column_rows=kh * cin,
            cin=cin,
            kernel=(kh, kw),
            output=context.offset(step.output.storage),
        )
    )


def _weights(context: Context, name: str, step: GradedConvStep, weight: np.ndarray, order: str) -> None:
    """Declares rows of 16 outputs, and biases."""
    node = step.node
    kh, kw, cin, cout = node.weight.shape
    about = [f"{node.name}: {kh}x{kw}, {cin} -> {cout} channels, rows of 16 outputs [block][{order}][channel]"]
    context.declare(words(f"{name}_weights", block_words(weight), about, "G", "ESNN_GRADED_WORDS"))
    _bias(context, name, step)


def _bias(context: Context, name: str, step: GradedConvStep) -> None:
    """Declares biases."""
    node = step.node
    note = f"{node.name}: bias, less the zero point of the input"
    context.numbers(f"{name}_bias", step.bias, [note], step.blocks * BLOCK)


def emit_windows(context: Context, index: int, step: GradedConvStep) -> None:
    """A layer that is computed window by window: as code, or bit by bit."""
    name, node, wide = f"step_{index}", step.node, step.form == WIDE
    kh, kw, cin, cout = node.weight.shape
    weight, bias, size = node.weight.reshape(-1, cout), step.bias, BLOCK if wide else GROUP
    if wide:
        _weights(context, name, step, node.weight, "y][x")
    direct = "window" not in step.scratch
    context.declare(f"static const esnn_graded_conv_t {name} = {_fields(context, index, step, 'NULL').render()};\n")
    groups = []
    for start in range(0, cout, size):
        part = weight[:, start : start + size]
        outputs = [output(item) for item in step.requantisers[start : start + size]]
        live = [at for at, item in enumerate(outputs) if item["constant"] is None]
        inputs = [] if wide or not live else [_multiples(row, live) for row in part]
        odd = {f"u{term[1]}" for row in part for at in live for term in terms_of(row[at]) if term[1] > 1}
        named = {"bias": bias[start : start + size].tolist(), "live": live, "odd": sorted(odd)}
        groups.append({**named, "inputs": inputs, "outputs": outputs})
    context.declare(
        _render(
            "graded_window.c.jinja",
            name=name,
            about=comment(node.name),
            step=step,
            node=node,
            wide=wide,
            groups=groups,
            sparse=zeros_of(node) > SPARSE,
            direct=direct,
            window=0 if direct else context.scratch(index, "window"),
            first=-(node.padding[0] * step.image[1] + node.padding[1]) * cin,
            cin=cin,
            inputs=kh * kw * cin,
            kernel=(kh, kw),
            run=kw * cin,
            lines=1 if wide or kh > MOST_LINES else kh,  # what the code reads from, without a copy inside the image
            out=step.out,
            output=context.offset(step.output.storage),
        )
    )


def _multiples(row: np.ndarray, live: list[int]) -> list[str]:
    """C statements that add an input ``u`` times each weight of a row to ``a0``, ``a1``, .."""
    terms = [(at, term) for at in live for term in terms_of(row[at])]
    wanted = {odd for _, (_, odd, _) in terms}
    made = {3: "ESNN_MORE(u3, u, 1);", 5: "ESNN_MORE(u5, u, 2);", 7: "ESNN_FEWER(u7, u, 3);"}
    lines = [made[odd] for odd in sorted(wanted - {1})]
    shifted: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for at, (sign, odd, shift) in terms:
        shifted.setdefault((odd, shift), []).append((at, sign))
    for (odd, shift), sums in sorted(shifted.items()):
        multiple = f"u{odd}" if odd > 1 else "u"
        lines.append(f"ESNN_SHIFTED(t, {multiple}, {shift});")
        lines += [f"ESNN_{'PLUS' if sign > 0 else 'LESS'}(a{at}, t, {multiple}, {shift});" for at, sign in sums]
    return lines


def _gaps(segments: tuple[Segment, ...]) -> list[int]:
    return [0, *(above.first - segment.first for above, segment in zip(segments, segments[1:]))]


def _segment_row(segment: Segment, gap: int) -> str:
    row = (int(segment.planes), segment.lists, segment.first, gap, min(segment.run, 255), segment.vectors)
    return "{" + ", ".join(f"{item}u" for item in row) + "}"


def _fields(context: Context, index: int, step: GradedConvStep, table: str) -> Struct:
    node, (height, width, cin) = step.node, step.image
    columns = columns_of(node, step.out[1])
    outside = columns - min(width, columns - node.padding[1])
    top, left = node.padding[:2]
    numbers = {
        "input": context.offset(step.sources[0].storage),
        "line_bytes": width * cin,
        "height": height,
        "width": width,
        "cell": cin,
        "kernel_height": node.weight.shape[0],
        "kernel_width": node.weight.shape[1],
        "run": node.weight.shape[1] * cin,
        "stride_y": node.stride[0],
        "stride_x": node.stride[1],
        "top": top,
        "left": left,
        "out_height": step.out[0],
        "out_width": step.out[1],
        "outside": outside * cin,
        "pad": node.input_zero,
        "segments": len(step.segments),
        "lists": step.lists,
    }
    named: dict[str, Value] = {key: f"{value}u" for key, value in numbers.items()}
    if step.form in (CONSTANTS, WIDE):
        sums = {"sums": f"{context.scratch(index, 'sums')}u"} if step.form == WIDE else {}
        return Struct({**named, **sums})
    parts = ("tally", "sizes", "next", "starts", "entries", "vectors", "sums")
    named |= {"segment": f"step_{index}_segments", "table": table, "capacity": f"{step.capacity}u"}
    return Struct({**named, **{part: f"{context.scratch(index, part)}u" for part in parts if part in step.scratch}})


def _table(context: Context, step: GradedConvStep) -> str:
    """The name of the table of a step's segments, declared once."""
    name = "esnn_lists_" + "_".join(f"{'p' if item.planes else 'd'}{item.bits}" for item in step.segments)
    about = ["codes to the lists that they are in (esnn_graded_conv.h)"]
    text = words(name, list_table(step.segments), about, "", "")
    if text not in context.declarations:
        context.declare(text)
    return name


def _joined(context: Context, step: GradedConvStep) -> str:
    """The name of the function that adds up the vectors of a step, declared once for all that are cut alike."""
    parts = [
        f"{'p' if item.planes else 'd'}{item.bits}{'' if item.planes else f'r{item.run}'}" for item in step.segments
    ]
    name = "esnn_join_" + "_".join(parts)
    adds = any(min(segment.run, segment.vectors) > 1 for segment in step.segments)
    text = _render("graded_join.c.jinja", name=name, lines=_join(step.segments), adds=adds)
    if text not in context.declarations:
        context.declare(text)
    return name


def _join(segments: tuple[Segment, ...]) -> list[str]:
    """C statements that add up the vectors of four channels: two words of each."""
    lines, word = [], 0
    for segment, gap in zip(segments, _gaps(segments)):
        if gap:
            lines += [f"{total} = ESNN_LIFT({total}, {gap});" for total in "abcd"]
        for start in range(0, segment.vectors, segment.run):
            for item in range(start, min(start + segment.run, segment.vectors)):
                pair = ("x", "y") if item == start else ("v", "w")
                if word == FAR:
                    lines += [f"const uint32_t *far = lanes + {FAR};", "ESNN_HIDE(far);"]
                place = f"lanes, {word}" if word < FAR else f"far, {word - FAR}"
                lines.append(f"ESNN_LANES_LOAD({pair[0]}, {pair[1]}, {place});")
                if item != start:
                    lines += ["x = ESNN_LANES_ADD(x, v);", "y = ESNN_LANES_ADD(y, w);"]
                word += 8
            for total, lane, half in zip("abcd", "xxyy", ("LOW", "HIGH", "LOW", "HIGH")):
                lines.append(f"{total} += ESNN_LANE_{half}({lane});")
    return lines


def output(item: Requantiser) -> dict[str, Any]:
    """A channel for the templates: its one code, or the C that makes it."""
    return {"constant": item.constant, "lines": [] if item.constant is not None else requantise(item)}
