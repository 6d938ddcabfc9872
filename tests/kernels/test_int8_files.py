"""Generated C of random int8 files: every logit and every count is the reference's, which is TFLite Micro's."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.passes.assemble import assemble
from edge_snn.passes.seen import watch
from edge_snn.reference import run
from tests.int8_files import random_network
from tests.int8_oracle import recover, some_codes


@pytest.mark.parametrize("seed", range(16))
def test_a_random_file_is_its_reference(native, native_portable, seed):
    found = recover(random_network(seed))
    codes = some_codes(found.graph.image.shape, seed, 6)
    graph = watch(found.graph, codes) if seed % 2 else found.graph
    model = assemble(graph, found.scales, found.borders)
    wanted = run(model.graph, codes)
    logits, counts = (native_portable if seed % 4 == 3 else native).run(model, codes)
    assert np.array_equal(logits, wanted.logits)
    assert np.array_equal(counts, wanted.counts)
