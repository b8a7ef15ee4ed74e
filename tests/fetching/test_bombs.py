"""Compressed bodies that are far larger than they look end at the cap, in bounded memory and time."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import brotli
import pytest
from msgspec.structs import replace

from service.fetching.compression import unpack_brotli
from service.fetching.outcomes import HttpOutcome
from service.fetching.prober import Prober, ProbeSettings, Target
from tests.fetching.scripted_web import PLAIN_ONLY, Names, Web, probe_one, reply

BOMB_BYTES = 100_000_000
CAP_BYTES = 262_144
HOSTS = 32
# All that the hosts together may make us hold: sockets, windows of decoders and bodies.
MEMORY_BYTES_MAX = 150_000_000
CPU_SECONDS_MAX = 6.0
ZSTD_BLOCK_BYTES = 131_072


@cache
def gzip_bomb() -> bytes:
    return gzip.compress(bytes(BOMB_BYTES), 6)


@cache
def deflate_bomb() -> bytes:
    return zlib.compress(bytes(BOMB_BYTES), 6)


@cache
def brotli_bomb() -> bytes:
    """A window of 16 MB, which a decoder fills before it gives anything."""
    packed: bytes = brotli.compress(bytes(BOMB_BYTES), quality=5, lgwin=24)
    return packed


@cache
def zstd_bomb() -> bytes:
    """Blocks of one repeated byte (RFC 8878 3.1.1.2) under a window of 128 MB, the largest that decoders take."""
    block = (ZSTD_BLOCK_BYTES << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    last = (ZSTD_BLOCK_BYTES << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"x"
    window = bytes([(27 - 10) << 3])
    return b"\x28\xb5\x2f\xfd\x00" + window + block * (BOMB_BYTES // ZSTD_BLOCK_BYTES) + last


def nested_bomb() -> bytes:
    return gzip.compress(gzip_bomb())


def forget_peak() -> None:
    """The peak of memory begins anew."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.parametrize(
    ("encoding", "bomb", "body_bytes"),
    [
        ("gzip", gzip_bomb, CAP_BYTES),
        ("deflate", deflate_bomb, CAP_BYTES),
        ("br", brotli_bomb, CAP_BYTES),
        ("zstd", zstd_bomb, CAP_BYTES),
        # Unpacked once, as a browser does with a name that it does not know: not at all.
        ("gzip", nested_bomb, None),
        ("gzip, gzip", nested_bomb, None),
    ],
)
async def test_bombs(
    web: Web, settings: ProbeSettings, encoding: str, bomb: Callable[[], bytes], body_bytes: int | None
) -> None:
    packed = reply(bomb(), f"Content-Encoding: {encoding}")
    targets = [Target(f"{index}.test", (PLAIN_ONLY,)) for index in range(HOSTS)]
    for target in targets:
        web.pages[f"{target.host}/"] = packed
    prober = Prober(replace(settings, https_port=None, body_bytes_max=CAP_BYTES, concurrency=HOSTS), Names({}).lookup)
    forget_peak()
    before, begun = peak_bytes(), time.process_time()
    probes = await prober.probe(targets, asyncio.Event())
    assert time.process_time() - begun < CPU_SECONDS_MAX
    assert peak_bytes() - before < MEMORY_BYTES_MAX
    for probe in probes:
        assert probe is not None
        assert probe.outcome is HttpOutcome.REACHED
        assert probe.body_bytes <= CAP_BYTES
        assert body_bytes is None or probe.body_bytes == body_bytes


async def test_a_window_too_large_is_refused(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(
        b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + bytes(50), "Content-Encoding: zstd"
    )
    assert (await probe_one(settings, "a.test")).outcome is HttpOutcome.BROKEN_RESPONSE


@pytest.mark.parametrize("body", [b"", b"x", b"some words " * 10_000])
def test_brotli(body: bytes) -> None:
    packed = brotli.compress(body)
    assert unpack_brotli(packed, CAP_BYTES, is_whole=True) == body
    assert unpack_brotli(packed, 100, is_whole=True) == body[:100]
    assert unpack_brotli(packed[:-1], CAP_BYTES, is_whole=True) is None
    assert unpack_brotli(b"\xff" + packed, CAP_BYTES, is_whole=True) is None


def test_brotli_cut_at_the_cap_is_as_much_as_came() -> None:
    body = bytes(range(256)) * 400
    packed = brotli.compress(body, quality=1)
    part = unpack_brotli(packed[: len(packed) // 2], CAP_BYTES, is_whole=False)
    assert part is not None
    assert body.startswith(part)
