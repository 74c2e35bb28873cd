"""The firmware builds without a warning, its C is clean, and rubbish does not hurt either end."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from andante.board.frames import (
    FROM_BOARD,
    Decoder,
    Event,
    Message,
    ProbeReply,
    Samples,
    Status,
    encode,
)
from support import core as c_core
from support.core import FIRMWARE, make, need

FLASH_BYTES = 24 * 1024
FUZZ_BYTES = 10_000_000
BRANCH_PERCENT = 95.0


def test_the_firmware_builds_without_a_warning(tmp_path: Path) -> None:
    need("make", "avr-gcc", "avr-size")
    said = make("all", f"BUILD={tmp_path}")
    assert "warning" not in said
    elf = tmp_path / "sensor_board.elf"
    assert elf.stat().st_size > 0
    sizes = subprocess.run(["avr-size", str(elf)], capture_output=True, text=True, check=True)
    text, data, bss = map(int, sizes.stdout.splitlines()[1].split()[:3])
    print(f"flash {text + data} B, variables {data + bss} B")
    assert text + data <= FLASH_BYTES
    assert (tmp_path / "sensor_board.hex").read_text().startswith(":")


def test_flash_says_where_the_board_has_to_be_named() -> None:
    need("make", "avr-gcc")
    done = subprocess.run(
        ["make", "-C", str(FIRMWARE), "flash"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "make flash PORT=" in done.stdout + done.stderr


def test_cppcheck_finds_nothing() -> None:
    need("make", "cppcheck")
    make("cppcheck")


# --- rubbish --------------------------------------------------------------------------------


def fuzz(byte_count: int, seed: int) -> str:
    need("make", "cc")
    make("fuzz")
    done = subprocess.run(
        [str(FIRMWARE / "build" / "fuzz"), str(byte_count), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_boards_parser_survives_rubbish() -> None:
    assert "5 events kept" in fuzz(1_000_000, 1)


@pytest.mark.long
def test_the_boards_parser_survives_ten_million_bytes_of_rubbish() -> None:
    assert "5 events kept" in fuzz(FUZZ_BYTES, 2)


def sound_frames(rng: random.Random) -> list[Message]:
    frames: list[Message] = [
        Event(
            rng.getrandbits(16), 0, rng.randrange(9), rng.randrange(8), rng.getrandbits(32),
            rng.randrange(1024), rng.getrandbits(32),
        )
        for _ in range(200)
    ]  # fmt: skip
    frames += [Status(0, n, 0) for n in range(50)]
    frames += [ProbeReply(n, rng.getrandbits(32), rng.getrandbits(32)) for n in range(50)]
    frames += [Samples(n, n % 9, n, 2000, tuple(range(n % 25 + 1))) for n in range(50)]
    return frames


def feed_rubbish(byte_count: int, seed: int) -> dict[str, int]:
    """Random, damaged and replayed frames into the Pi's decoder, a third each.

    A damaged frame has up to three bytes changed or is cut. Counts what came out that was never
    said: a 16-bit CRC lets one in 65 536 arbitrary frames pass.
    """
    rng = random.Random(seed)
    said = sound_frames(rng)
    known = set(said)
    encoded = [encode(message) for message in said]
    decoder = Decoder(FROM_BOARD)
    decoder.feed(b"\x00")
    marker = Status(7, 7, 0)
    known.add(marker)
    tally = {"bytes": 0, "pieces": 0, "false_events": 0, "false_others": 0, "deaf": 0}
    while tally["bytes"] < byte_count:
        kind = rng.randrange(3)
        piece = bytearray(rng.choice(encoded))
        if kind == 0:
            piece = bytearray(rng.randbytes(rng.randint(1, 96)))
        elif kind == 1:
            for _ in range(rng.randint(1, 3)):
                piece[rng.randrange(len(piece))] = rng.randrange(256)
            piece = piece[: rng.randint(1, len(piece))]
        heard = decoder.feed(bytes(piece))
        after = decoder.feed(encode(marker) * 2)
        tally["bytes"] += len(piece)
        tally["pieces"] += 1
        tally["deaf"] += marker not in after
        for message in heard + after:
            if message not in known:
                tally["false_events" if isinstance(message, Event) else "false_others"] += 1
    return tally


def test_the_pis_parser_survives_rubbish() -> None:
    tally = feed_rubbish(300_000, 1)
    print(tally)
    assert (tally["deaf"], tally["false_events"]) == (0, 0)


@pytest.mark.long
def test_the_pis_parser_survives_ten_million_bytes_of_rubbish() -> None:
    tally = feed_rubbish(FUZZ_BYTES, 2)
    print(tally)
    assert (tally["deaf"], tally["false_events"]) == (0, 0)


# --- coverage -------------------------------------------------------------------------------


@pytest.mark.long
def test_nearly_every_branch_of_the_core_is_taken_by_these_tests() -> None:
    """gcov over core/: the tests run once more, on a library that counts."""
    need("make", "cc", "gcovr")
    make("coverage")
    build = FIRMWARE / "build" / "coverage"
    for counts in build.glob("*.gcda"):
        counts.unlink()
    tests = [
        str(path) for path in sorted(FIRMWARE.parents[1].glob("tests/sensor_board/test_core_*.py"))
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        capture_output=True,
        text=True,
        check=False,
        cwd=FIRMWARE.parents[1],
        env=os.environ | {c_core.LIBRARY_VARIABLE: str(build / "libcore.so")},
    )
    assert done.returncode == 0, done.stdout
    report = subprocess.run(
        ["gcovr", "--root", str(FIRMWARE), "--filter", "core/", "--json-summary", "-", str(build)],
        capture_output=True,
        text=True,
        check=True,
        cwd=FIRMWARE,
    )
    summary = json.loads(report.stdout)
    for file in summary["files"]:
        print(f"{file['filename']}: branches {file['branch_percent']} %")
    print(f"branches {summary['branch_percent']} %, lines {summary['line_percent']} %")
    assert summary["branch_total"] > 200
    assert summary["branch_percent"] >= BRANCH_PERCENT
