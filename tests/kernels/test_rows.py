"""Row adds: every variant that this computer can run equals the definition."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.native import ROOT


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    names = ("add_rows_portable", "add_rows_swar", "sub_rows", "list_active", "lowest_bit")
    sources = [str(ROOT / "kernels" / "src" / "rows" / f"esnn_{name}.c") for name in names]
    out = folder / "rows.so"
    include = f"-I{ROOT / 'kernels' / 'include'}"
    subprocess.run(["gcc", "-std=c11", "-O2", "-shared", "-fPIC", include, *sources, "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    inputs=st.integers(1, 700),
    blocks=st.integers(1, 5),
    density=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    extreme=st.booleans(),
)
def test_row_adds_are_sums_of_rows(library, seed, inputs, blocks, density, extreme):
    rng = np.random.default_rng(seed)
    channels = 8 * blocks
    low, high = (-128, 127)
    weights = rng.integers(low, high + 1, (inputs, channels)).astype(np.int8)
    if extreme:
        weights[:] = rng.choice([low, high])
    active = np.flatnonzero(rng.random(inputs) < density)
    rows = (active * blocks).astype(np.uint16)
    start = rng.integers(-(2**20), 2**20, channels).astype(np.int32)
    total = weights[active].astype(np.int64).sum(axis=0)
    for name, sign in (("add_rows_portable", 1), ("add_rows_swar", 1), ("sub_rows", -1)):
        acc = start.copy()
        function = getattr(library, f"esnn_{name}")
        function(
            pointer(acc),
            pointer(weights),
            pointer(rows),
            ctypes.c_uint32(len(rows)),
            ctypes.c_uint32(channels),
        )
        assert np.array_equal(acc, start + sign * total), name


@settings(max_examples=100, deadline=None)
@given(bits=st.binary(min_size=0, max_size=40), first=st.integers(0, 1000), units=st.integers(1, 32))
def test_lists_name_the_rows_of_set_bits(library, bits, first, units):
    packed = np.frombuffer(bits or b"\0", np.uint8)[: len(bits)]
    table = (np.arange(9) * units).astype(np.uint16)
    rows = np.zeros(8 * len(bits) + 1, np.uint16)
    library.esnn_list_active.restype = ctypes.c_uint32
    count = library.esnn_list_active(
        ctypes.c_char_p(bits),
        ctypes.c_uint32(len(bits)),
        ctypes.c_uint32(first),
        pointer(table),
        pointer(rows),
    )
    set_bits = np.flatnonzero(np.unpackbits(packed, bitorder="little")) if len(bits) else np.zeros(0, int)
    assert rows[:count].tolist() == (first + set_bits * units).tolist()
