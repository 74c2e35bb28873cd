"""`andante run` on an emulated Raspberry Pi: what came out of its pins and into its session file,
against what was seen and done from outside."""

import json
import subprocess
import sys

import numpy as np
import pytest

from andante.ports import FOOT_CHANNELS, CueKind, Edge
from andante.session.file import SessionData
from andante.timebase import NS_PER_MS
from emulated_pi.conftest import CUES
from emulated_pi.figures import compare_led, report, step_errors_ms
from emulated_pi.walk import LAST_CUES, QUIET_CUES, PiWalk

STEP_MAX_MS = 3.0
SURE_SHARE = 0.9
WALKED = slice(QUIET_CUES, -LAST_CUES)


def test_it_ran_on_a_pi_with_the_boards_firmware(pi_session: SessionData) -> None:
    header = pi_session.header
    assert pi_session.complete
    assert header.end_reason == "finished"
    assert header.hardware["machine"].startswith("Raspberry Pi 3 Model B")
    assert header.hardware["board"] == "/dev/ttyAMA0"
    assert header.hardware["outputs"]["led"] == "LED on GPIO 17 through LGPIOFactory"
    assert header.simulated_parts == ()


def test_the_rings_library_knows_the_pi_and_its_pin(pi_walk: PiWalk) -> None:
    # With what setup.cfg has installed; the pixels themselves need SPI, which is not emulated.
    assert pi_walk.ring_pin == "RASPBERRY_PI_3B 10"


def test_every_cue_is_a_flash_and_every_flash_a_cue(
    pi_walk: PiWalk, pi_session: SessionData
) -> None:
    print(report(pi_walk, pi_session))
    cues = pi_session.cues
    assert cues.index.tolist() == list(range(CUES))
    assert set(cues.kind.tolist()) == {CueKind.BEAT}
    led = compare_led(pi_walk, pi_session)
    assert led.cue_index.tolist() == cues.index.tolist()
    # Nothing that was seen outside contradicts what the session file says of its own times.
    assert led.contradiction_us.max() == 0.0


def test_every_step_is_in_the_session_file(pi_walk: PiWalk, pi_session: SessionData) -> None:
    made_count = 0
    for channel in FOOT_CHANNELS:
        for edge in (Edge.ON, Edge.OFF):
            error_ms = step_errors_ms(pi_walk, pi_session, channel, edge)
            assert np.abs(error_ms).max() <= STEP_MAX_MS
            made_count += error_ms.size
    assert made_count == 2 * len(range(CUES)[WALKED])
    counts = (pi_session.header.certificate or {})["counts"]
    assert counts["events_lost"] == counts["board_restarts"] == 0


def test_the_host_finds_the_asynchronies_that_were_made(
    pi_walk: PiWalk, pi_session: SessionData
) -> None:
    command = [sys.executable, "-m", "andante_host", "metrics", str(pi_walk.session)]
    ran = subprocess.run(
        [*command, "--json", "--pairs"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    measures = json.loads(ran.stdout)
    reference = pi_session.outputs[measures["timing"]["cue_reference"]]
    # Cues near an underrun of the sound are left out, by the device's own word.
    sure = set(reference.cue_index[reference.given & (reference.fault == "")].tolist())
    assert measures["synchrony"]["cue_count"] == len(sure) >= SURE_SHARE * CUES
    steps_ns = np.sort(np.concatenate([pi_walk.steps_ns[foot, Edge.ON] for foot in FOOT_CHANNELS]))
    step_ns_of = dict(zip(range(CUES)[WALKED], steps_ns.tolist(), strict=True))
    given_ns_of = dict(zip(reference.cue_index.tolist(), reference.actual_ns.tolist(), strict=True))
    pairs = measures["synchrony"]["pairs"]
    found_ms_of = {pair["cue_index"]: pair["asynchrony_ms"] for pair in pairs}
    assert step_ns_of.keys() & sure <= found_ms_of.keys()
    for cue in step_ns_of.keys() & sure:
        made_ms = (step_ns_of[cue] - given_ns_of[cue]) / NS_PER_MS
        assert found_ms_of[cue] == pytest.approx(made_ms, abs=STEP_MAX_MS)
