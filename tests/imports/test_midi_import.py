"""MIDI files: times follow the tempo map, and what a note is has to be said."""

from pathlib import Path

import mido
import pytest

from andante.errors import SignalFileError
from andante.ports import Channel
from andante.session.file import load_session
from andante.timebase import NS_PER_MS, SimulatedClock
from andante_host.analysis import analyse
from andante_host.imports.content import ImportOptions
from andante_host.imports.importer import import_file
from andante_host.imports.midi import pads_of, read_midi

TICKS = 480
SAID = ImportOptions(cues="track:1", pitches={38: Channel.TAP_1})


def _write(
    path: Path,
    tempos: list[tuple[int, int]] | None = None,
    taps: list[tuple[int, int]] | None = None,
) -> Path:
    """Track 1: ten beats of pitch 76; track 2: taps of (ticks, pitch), 48 ticks late."""
    taps = [(48 + n * TICKS, 38) for n in range(10)] if taps is None else taps
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    events = [(n * TICKS, mido.Message("note_on", note=76, velocity=90)) for n in range(10)]
    events += [(t + 10, mido.Message("note_on", note=76, velocity=0)) for t, _ in events]
    events += [(t, mido.MetaMessage("set_tempo", tempo=us)) for t, us in tempos or []]
    hits = [(t, mido.Message("note_on", note=pitch, velocity=60)) for t, pitch in taps]
    for track in (events, hits):
        now, messages = 0, mido.MidiTrack()
        for ticks, message in sorted(track, key=lambda event: event[0]):
            messages.append(message.copy(time=ticks - now))
            now = ticks
        file.tracks.append(messages)
    file.save(path)
    return path


def test_a_tempo_change_moves_what_follows_it_and_only_that(tmp_path: Path) -> None:
    """500 ms a beat for four beats, then 600: counted by hand."""
    source = _write(tmp_path / "drum.mid", [(0, 500_000), (4 * TICKS, 600_000)])
    content = read_midi(source, SAID)
    expected_ms = [n * 500 if n <= 4 else 2_000 + (n - 4) * 600 for n in range(10)]
    assert [t / NS_PER_MS for t in content.cue_ns] == expected_ms
    pairs = zip(content.responses, content.cue_ns, strict=True)
    late_ms = [(tap_ns - cue_ns) / NS_PER_MS for (tap_ns, _), cue_ns in pairs]
    assert late_ms == [50.0] * 4 + [60.0] * 6


def test_the_session_holds_taps_and_cues(tmp_path: Path) -> None:
    out = tmp_path / "drum.andante"
    import_file(_write(tmp_path / "drum.mid", [(0, 500_000)]), out, SimulatedClock(), SAID)
    synchrony = analyse(out)["synchrony"]
    assert (synchrony["matched_count"], synchrony["extra_percent"]) == (10, 0.0)
    assert synchrony["mean_asynchrony_ms"] == pytest.approx(50.0)
    assert load_session(out).header.hardware["pitches"] == {"38": "tap1"}


def test_without_a_tempo_it_is_asked_for(tmp_path: Path) -> None:
    source = _write(tmp_path / "drum.mid")
    with pytest.raises(SignalFileError, match="--bpm"):
        read_midi(source, SAID)
    said = ImportOptions(cues="track:1", pitches=SAID.pitches, bpm=60.0)
    assert read_midi(source, said).cue_ns[1] == 1_000 * NS_PER_MS


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(), "10 notes of pitch 38 on track 2, channel 1"),
        (ImportOptions(cues="track:7", pitches=SAID.pitches), "no notes on track:7"),
        (ImportOptions(cues="drums", pitches=SAID.pitches), "track:1, channel:10 or pitch:76"),
        (ImportOptions(pitches={40: Channel.TAP_1}), "no taps of pitch 40"),
        (ImportOptions(cues="pitch:76", left="x"), "--left says nothing"),
        (ImportOptions(cues="pitch:76", bpm=100.0), "leave out --bpm"),
    ],
)
def test_what_was_not_said_or_is_not_there_is_named(
    tmp_path: Path, options: ImportOptions, words: str
) -> None:
    source = _write(tmp_path / "drum.mid", [(0, 500_000)])
    with pytest.raises(SignalFileError) as caught:
        read_midi(source, options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"MThd", b"time_s,left", bytes(200)])
def test_what_is_no_midi_file_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.mid").write_bytes(data)
    with pytest.raises(SignalFileError, match="MIDI file"):
        import_file(tmp_path / "x.mid", tmp_path / "o.andante", SimulatedClock(), SAID)
    with pytest.raises(SignalFileError, match="There is no file"):
        import_file(tmp_path / "y.mid", tmp_path / "o.andante", SimulatedClock(), SAID)


def test_pads_as_said_on_the_command_line() -> None:
    assert pads_of(["38=tap1", "40=tap2"]) == {38: Channel.TAP_1, 40: Channel.TAP_2}
    for wrong in ("38", "snare=tap1", "128=tap1", "38=left"):
        with pytest.raises(SignalFileError, match="is not understood"):
            pads_of([wrong])
