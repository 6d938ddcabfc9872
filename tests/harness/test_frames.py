"""Frames survive, damaged ones do not, and no bytes upset either parser."""

from __future__ import annotations

import ctypes
import subprocess
import zlib

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_snn.harness import frames
from edge_snn.harness.frames import Frame, Info, Splitter
from firmware_gen.build import ROOT

payloads = st.binary(max_size=276)


@given(kind=st.integers(0, 255), sequence=st.integers(0, 65535), payload=payloads)
def test_a_frame_comes_back_whole(kind, sequence, payload):
    frame = Frame(kind, sequence, payload)
    encoded = frame.encode()
    assert encoded.count(0) == 2
    assert Splitter().feed(encoded) == [frame]


@given(payload=payloads, where=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_a_frame(payload, where, bit):
    encoded = bytearray(Frame(3, 7, payload).encode())
    encoded[where % len(encoded)] ^= 1 << bit
    assert all(frame == Frame(3, 7, payload) for frame in Splitter().feed(bytes(encoded)))


@given(noise=st.binary(max_size=3000), cut=st.integers(1, 50))
def test_after_any_noise_the_next_frame_is_read(noise, cut):
    splitter, frame = Splitter(), Frame(1, 2, b"hello")
    data = noise + frame.encode()
    found = [item for start in range(0, len(data), cut) for item in splitter.feed(data[start : start + cut])]
    assert found[-1:] == [frame]


def test_endless_noise_does_not_pile_up():
    splitter = Splitter()
    for _ in range(100):
        splitter.feed(b"\xff" * 4096)
    assert len(splitter._pending) <= Splitter.LIMIT


def test_an_info_of_a_wrong_length_is_refused():
    with pytest.raises(ValueError, match="an INFO reply has"):
        Info.decode(b"\0" * 10)


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    """The firmware's own link code, for this computer, with sanitizers that abort."""
    folder = tmp_path_factory.mktemp("link")
    (folder / "glue.c").write_text(
        """
        #include <string.h>
        #include "esnn_link.h"
        void esnn_board_write(uint8_t byte);
        static uint8_t sent[4096]; static uint32_t count;
        void esnn_board_write(uint8_t byte) { if (count < sizeof sent) { sent[count++] = byte; } }
        uint32_t glue_send(const uint8_t *frame, uint32_t length, uint8_t *out);
        uint32_t glue_send(const uint8_t *frame, uint32_t length, uint8_t *out) {
            uint8_t room[ESNN_FRAME_MAX]; memcpy(room, frame, length); count = 0;
            esnn_link_send(room, length); memcpy(out, sent, count); return count; }
        uint32_t glue_receive(const uint8_t *bytes, uint32_t length, uint8_t *out, uint32_t *sizes);
        uint32_t glue_receive(const uint8_t *bytes, uint32_t length, uint8_t *out, uint32_t *sizes) {
            esnn_receiver_t receiver; memset(&receiver, 0, sizeof receiver); uint32_t frames = 0;
            for (uint32_t i = 0; i < length; ++i) { uint32_t n = esnn_link_receive(&receiver, bytes[i]);
                if (n) { memcpy(out, receiver.bytes, n); out += n; sizes[frames++] = n; } }
            return frames; }
        """
    )
    names = ("crc32", "cobs_decode", "link_receive", "link_send", "bytes")
    sources = [str(ROOT / "runtime" / "src" / f"esnn_{name}.c") for name in names]
    (folder / "board_config.h").write_text("")
    out = folder / "link.so"
    flags = ["-std=c11", "-O1", "-g", "-shared", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    include = [f"-I{ROOT / 'runtime' / 'include'}", f"-I{folder}"]
    subprocess.run(["gcc", *flags, *include, str(folder / "glue.c"), *sources, "-o", str(out)], check=True)
    return ctypes.CDLL(str(out))


@settings(max_examples=200, deadline=None)
@given(kind=st.integers(0, 255), sequence=st.integers(0, 65535), payload=payloads)
def test_host_and_device_encode_alike(link, kind, sequence, payload):
    frame = Frame(kind, sequence, payload)
    body = frames.HEADER.pack(frames.VERSION, kind, sequence) + payload
    out = ctypes.create_string_buffer(4096)
    count = link.glue_send(body, len(body), out)
    assert out.raw[:count] == frame.encode()


@settings(max_examples=300, deadline=None)
@given(data=st.lists(st.one_of(st.binary(max_size=400), payloads.map(lambda p: Frame(2, 9, p).encode())), max_size=6))
def test_device_and_host_read_the_same_frames(link, data):
    stream = b"".join(data) + b"\0"
    out, sizes = ctypes.create_string_buffer(len(stream) + 1), (ctypes.c_uint32 * (len(stream) + 1))()
    count = link.glue_receive(stream, len(stream), out, sizes)
    found, at = [], 0
    for size in sizes[:count]:
        found.append(out.raw[at : at + size])
        at += size
    want = [frames.HEADER.pack(f.version, f.kind, f.sequence) + f.payload for f in Splitter().feed(stream)]
    assert found == want


@given(data=st.binary(max_size=600))
def test_the_device_decodes_cobs_like_the_library(link, data):
    room = ctypes.create_string_buffer(data, len(data) + 1)
    length = link.esnn_cobs_decode(room, len(data))
    try:
        want = cobs.decode(data)
    except cobs.DecodeError:
        want = b""
    assert room.raw[:length] == want


@given(data=st.binary(max_size=300), start=st.integers(0, 2**32 - 1))
def test_the_device_computes_the_crc_of_zlib(link, data, start):
    link.esnn_crc32.restype = ctypes.c_uint32
    assert link.esnn_crc32(ctypes.c_uint32(start), data, len(data)) == zlib.crc32(data, start)
