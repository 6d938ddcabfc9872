"""``python -m tests.fuzz --seconds 3600``: the device's parser and the host's readers, side by side, for so long."""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz import device, readers


def fuzz_device(seconds: int, folder: Path, seed: int) -> str:
    """Both builds of the device's parser, one after the other."""
    guided, lines = device.has_libfuzzer(folder), []
    folders = {True: folder / "device-repeats", False: folder / "device-plain"}
    for fuzzer in [device.build(own, keeps_image, guided) for keeps_image, own in folders.items()]:
        own = fuzzer.program.parent
        told = fuzzer.run(seconds // 2, own, seed)
        inputs = re.findall(r"(\d+) inputs|executed_units: (\d+)", told)[-1]
        lines.append(f"{own.name}: {int(''.join(inputs)):,} inputs, {'libFuzzer' if guided else 'random changes'}")
    return "\n".join(lines)


def fuzz_readers(seconds: int, folder: Path, seed: int) -> str:
    """Every reader in turn."""
    warnings.simplefilter("ignore")
    try:
        outcomes = readers.run(seconds, folder, seed)
    except (Exception, readers.Hang) as error:
        raise AssertionError(f"a reader failed; its input is the newest finding-* in {folder}: {error!r}") from error
    return "\n".join(f"{name}: {count:,}" for name, count in sorted(outcomes.items()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz"), help="for builds, corpora and findings")
    choice = parser.parse_args()
    folder = choice.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{choice.seconds} seconds, seed {choice.seed}", flush=True)
    findings = 0
    with ProcessPoolExecutor(2) as pool:
        for job in [pool.submit(part, choice.seconds, folder, choice.seed) for part in (fuzz_device, fuzz_readers)]:
            try:
                print(job.result())
            except AssertionError as error:
                findings += 1
                print(error)
    print(f"{findings} findings")
    sys.exit(findings > 0)


if __name__ == "__main__":
    main()
