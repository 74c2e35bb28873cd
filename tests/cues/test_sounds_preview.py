"""`andante sounds`: what is played and written is what a session would play."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from andante.cli_sounds import sounds
from andante.cues.preview import preview
from andante.cues.sounds import SOUND_NAMES, make_sounds, rising_level
from andante.errors import OutputError
from andante.timebase import MonotonicClock
from support.pulse import pulse_server

pytestmark = pytest.mark.alone

RATE_HZ = 48_000


def test_beats_are_previewed_at_an_even_tempo_and_rising() -> None:
    heard = preview("click", RATE_HZ, 0.5)
    click = make_sounds(RATE_HZ, ["click"])["click"]
    assert isinstance(click, np.ndarray)
    starts = [round(0.2 * RATE_HZ + n * 0.6 * RATE_HZ) for n in range(8)]
    for number, start in enumerate(starts[:4]):  # later ones reach the limiter's knee
        wanted = click * np.float32(0.5 * rising_level(number))
        np.testing.assert_allclose(heard[start : start + click.size], wanted, atol=1e-6)
    sounding = np.flatnonzero(heard)
    assert sounding[0] == starts[0] + 1  # its first sample is zero
    assert sounding[-1] < starts[-1] + click.size


@pytest.mark.parametrize("name", SOUND_NAMES)
def test_every_sound_can_be_previewed_within_the_volume(name: str) -> None:
    heard = preview(name, 32_000, 0.3)
    assert 0.005 < np.abs(heard).max() <= 0.3
    assert abs(float(heard[-1])) < 1e-4


def test_a_breath_is_previewed_twice_in_and_out() -> None:
    heard = preview("two-tone", RATE_HZ, 1.0)

    def pitch_hz(at_s: float) -> float:
        part = heard[round((at_s - 0.25) * RATE_HZ) : round((at_s + 0.25) * RATE_HZ)]
        return float(np.argmax(np.abs(np.fft.rfft(part * np.hanning(part.size), 4 * RATE_HZ)))) / 4

    for begin_s in (0.2, 10.2):
        assert pitch_hz(begin_s + 0.5) < pitch_hz(begin_s + 2.0) < pitch_hz(begin_s + 3.7)
        assert pitch_hz(begin_s + 4.5) > pitch_hz(begin_s + 7.0) > pitch_hz(begin_s + 9.5)


def test_the_command_writes_files(tmp_path: Path) -> None:
    arguments = ["wood", "sea", "--out", str(tmp_path / "heard"), "--volume", "40", "--json"]
    done = CliRunner().invoke(sounds, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["sounds"]
    assert [each["name"] for each in told] == ["wood", "sea"]
    for each in told:
        with wave.open(each["path"], "rb") as wav:
            assert (wav.getnchannels(), wav.getframerate()) == (1, RATE_HZ)
            samples = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
        assert samples.size / RATE_HZ == pytest.approx(each["duration_s"])
        assert np.abs(samples).max() / 32_767 == pytest.approx(each["peak_share"], abs=1e-4)
        np.testing.assert_allclose(
            samples / 32_767, preview(each["name"], RATE_HZ, 0.4), atol=1.6e-5
        )


def test_what_is_not_there_is_one_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="There is no sound 'gong'; choose from click, "):
        sounds.main(["gong"], standalone_mode=False)
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(OutputError, match="cannot be written"):
        sounds.main(["wood", "--out", str(blocked)], standalone_mode=False)


@pytest.mark.real_sound
def test_the_command_plays_through_the_sound_device(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with pulse_server(tmp_path_factory.mktemp("pulse")) as server:
        recording = server.record(MonotonicClock())
        done = CliRunner().invoke(sounds, ["wood", "--volume", "50"])
        heard = recording.stop()
    assert done.exit_code == 0, done.output
    assert done.stdout == "wood\n"
    onsets_frames = heard.onsets_frames()
    assert onsets_frames.size == 8
    wanted = preview("wood", RATE_HZ, 0.5)
    played = heard.samples[onsets_frames[0] - 1 :][: wanted.size] / 32_768
    first = int(np.flatnonzero(wanted)[0])
    wanted = wanted[first - 1 :][: played.size]
    np.testing.assert_allclose(played[: wanted.size], wanted, atol=1e-3)
