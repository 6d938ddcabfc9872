"""What a run must hold, judged once: for the exit code, the page and JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass
from typing import Any

from edge_snn.errors import DeviceError, EdgeSnnError, MismatchError

PASSED, FAILED, ERROR, SKIPPED = "passed", "failed", "error", "skipped"
ACCURACY = "accuracy"  # the check against --min-accuracy


@dataclass(frozen=True)
class Check:
    """One promise and whether it was kept.

    Attributes:
        status: passed; failed (exit code 1); error (the device or link, exit code 3); skipped (was not asked for).
        message: the figures.
    """

    name: str
    status: str
    message: str


def judge(report: dict[str, Any], min_accuracy: float | None) -> list[Check]:
    """The checks of a report's figures."""
    count, asked, repeat = report["images"], report["images_asked_for"], report["repeat"]
    complete = f"{count:,} of {asked:,} images measured"
    checks = [
        Check("all images measured", ERROR, f"{complete}: {report['stopped']}")
        if report["stopped"]
        else Check("all images measured", PASSED, complete)
    ]
    for name, what, wrong in (
        ("logits equal the host's", "logits", report["mismatched_logits"]),
        ("spike counts equal the host's", "spike counts", report["mismatched_spike_counts"]),
    ):
        text = f"device and host differ: {what} of {wrong:,} images" if wrong else f"on {count:,} images"
        checks.append(Check(name, FAILED if wrong else PASSED, text))
    checks.append(_trace(report["trace"], count))
    wrong = report["mismatched_repeats"]
    if repeat == 1:
        repeats = Check("repeated inferences agree", SKIPPED, "each image was run once")
    elif wrong:
        repeats = Check("repeated inferences agree", FAILED, f"{wrong:,} images gave different results when repeated")
    else:
        repeats = Check("repeated inferences agree", PASSED, f"{repeat} inferences of each image")
    checks.append(repeats)
    bound, used = report["stack_bound"], report["stack_used"]
    spent = "bytes used are not known" if used is None else f"{used:,} bytes of stack used"
    stack = f"{spent}, {bound:,} proved" if bound else f"{spent}, no bound known"
    checks.append(Check("stack within its bound", _stack(bound, used), stack))
    accuracy, metric = report["metric"]["value"], report["metric"]["name"]
    if min_accuracy is None:
        checks.append(Check(ACCURACY, SKIPPED, "no --min-accuracy was given"))
    elif accuracy is None or accuracy < min_accuracy:
        told = f"{accuracy:.4f}" if accuracy is not None else "unknown"
        checks.append(Check(ACCURACY, FAILED, f"{metric} {told} is below the {min_accuracy:.4f} asked for"))
    else:
        checks.append(Check(ACCURACY, PASSED, f"{metric} {accuracy:.4f}, at least {min_accuracy:.4f} asked for"))
    return checks


def _trace(found: dict[str, Any] | None, count: int) -> Check:
    name = "every layer equals the host's"
    if found is None:
        return Check(name, SKIPPED, "no --trace was asked for")
    if found["first"] is None:
        return Check(name, PASSED, f"CRCs of {found['tensors']} tensors and the logits on {count:,} images")
    first = found["first"]
    text = f"traces of {found['mismatched']:,} images, image {first['image']} first, at layer {first['layer']}"
    return Check(name, FAILED, f"device and host differ: {text}; see edge-snn bisect")


def _stack(bound: int | None, used: int | None) -> str:
    if not bound or used is None:
        return SKIPPED
    return FAILED if used > bound else PASSED


def error_of(checks: list[Check]) -> EdgeSnnError | None:
    """The error that ends the command, or None: a lost device before a mismatch."""
    errors = [check.message for check in checks if check.status == ERROR]
    if errors:
        return DeviceError(f"stopped: {'; '.join(errors)}; results so far are kept", hint="--resume goes on")
    failed = [check.message for check in checks if check.status == FAILED]
    return MismatchError("; ".join(failed)) if failed else None


def as_rows(checks: list[Check]) -> list[dict[str, str]]:
    """The checks as plain data."""
    return [asdict(check) for check in checks]


def junit(report: dict[str, Any]) -> str:
    """JUnit XML of a report, a case a check: what CI servers show."""
    rows = report["checks"]
    totals = {key: str(sum(row["status"] == status for row in rows)) for key, status in _TOTALS.items()}
    name = _clean(f"edge-snn eval {report['model']} on {report['board']}")
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites, "testsuite", {"name": name, "tests": str(len(rows)), **totals, "timestamp": report["date"]}
    )
    group = _clean(f"edge_snn.{report['board']}.{report['model']}")
    for row in rows:
        case = ET.SubElement(suite, "testcase", classname=group, name=row["name"])
        message = _clean(row["message"])
        if row["status"] == PASSED:
            ET.SubElement(case, "system-out").text = message
        else:
            tag = {FAILED: "failure", ERROR: "error", SKIPPED: "skipped"}[row["status"]]
            ET.SubElement(case, tag, message=message)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


_TOTALS = {"failures": FAILED, "errors": ERROR, "skipped": SKIPPED}


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold at all."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe") else "?" for c in text
    )
