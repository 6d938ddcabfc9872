"""Runs generated C on this computer, under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from edge_snn.graph.model import IntegerModel
from edge_snn.plan import build_plan
from firmware_gen import build
from firmware_gen.codegen import generate

ROOT = Path(build.__file__).parent
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all"]
SANITIZERS = ["-fsanitize=address,undefined"]

DRIVER = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "esnn_model.h"
uint64_t esnn_clock_ticks(void) { static uint64_t ticks; return ticks++; }
int main(void)
{
    /* On the heap and of the exact size, so that a byte too far is seen. */
    uint8_t *arena = aligned_alloc(8, ESNN_MODEL_ARENA_BYTES);
    static esnn_result_t result;
    memset(arena, 0xa5, ESNN_MODEL_ARENA_BYTES);
    while (fread(arena + ESNN_MODEL_INPUT_OFFSET, 1, ESNN_MODEL_INPUT_BYTES, stdin) == ESNN_MODEL_INPUT_BYTES) {
        if (esnn_model_infer(arena, &result) != ESNN_OK) {
            return 3;
        }
        fwrite(result.logits, sizeof(result.logits), 1, stdout);
        fwrite(result.counts, sizeof(result.counts), 1, stdout);
    }
    if (esnn_model_infer(NULL, &result) != ESNN_ERROR_ARGUMENT) {
        return 4;
    }
    free(arena);
    return 0;
}
"""


class Native:
    """The kernel library, compiled once; models are linked to it."""

    def __init__(self, folder: Path, portable: bool = False) -> None:
        self.folder = folder
        self.flags = [*FLAGS, *SANITIZERS, *(["-DESNN_PORTABLE"] if portable else [])]
        self.include = f"-I{ROOT / 'kernels' / 'include'}"
        (folder / "driver.c").write_text(DRIVER)
        self.library = folder / "kernels.a"
        sources = sorted((ROOT / "kernels" / "src").rglob("*.c"))
        subprocess.run(["gcc", *self.flags, self.include, "-c", *map(str, sources)], check=True, cwd=folder)
        objects = [str(folder / f"{source.stem}.o") for source in sources]
        subprocess.run(["ar", "rc", str(self.library), *objects], check=True)

    def run(self, model: IntegerModel, images: np.ndarray, vectors: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Logits int32 [B, classes] and counts int64 [B, counters] of uint8 images."""
        folder = self.folder / f"{model.sha256[:16]}{'-vectors' if vectors else ''}"
        made = generate(build_plan(model, vectors), folder)
        program = folder / "program"
        command = ["gcc", *self.flags, self.include, f"-I{folder}", str(folder / "model.c"), "driver.c"]
        subprocess.run([*command, str(self.library), "-o", str(program)], check=True, cwd=self.folder)
        done = subprocess.run([str(program)], input=images.tobytes(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        classes, counters = len(model.classes), max(made.plan.counters, 1)
        words = np.frombuffer(done.stdout, "<i4").reshape(len(images), classes + counters)
        return words[:, :classes], words[:, classes : classes + made.plan.counters].astype(np.int64)
