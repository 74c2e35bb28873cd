"""Plain MIDI files, by `mido`: notes of some pitches are taps, notes of a track or channel cues.

A file says which notes were played, never which of them were the metronome: that has to be said.
Times follow the tempo map of the whole file (Standard MIDI Files 1.0: a beat lasts 500,000 us
until a file says otherwise; where it never says, its tempo has to be said too).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from andante.errors import SignalFileError
from andante.ports import TAP_CHANNELS, Channel
from andante.timebase import NS_PER_US, S_PER_MINUTE
from andante_host.imports.content import Content, ImportOptions
from andante_host.imports.foreign import reading

SUFFIXES = (".mid", ".midi", ".smf")
_HIGHEST_NOTE = 127
_US_PER_MINUTE = S_PER_MINUTE * 1_000_000
_WAYS = (
    "say which notes are taps with --pitch NOTE=tap1 and which are cues with --cues track:NUMBER, "
    "channel:NUMBER or pitch:NUMBER"
)


@dataclass(frozen=True)
class _Note:
    ticks: int
    track: int
    channel: int
    pitch: int


def pads_of(said: Iterable[str]) -> dict[int, Channel]:
    """What `--pitch 38=tap1` says: pads by MIDI note, 0-127. Raises SignalFileError."""
    pads: dict[int, Channel] = {}
    for text in said:
        note, _, pad = text.partition("=")
        if not note.isdigit() or int(note) > _HIGHEST_NOTE or pad not in TAP_CHANNELS:
            raise SignalFileError(
                f"--pitch {text} is not understood; give a note from 0 to 127 and one of "
                f"{', '.join(TAP_CHANNELS)}, as in --pitch 38=tap1."
            )
        pads[int(note)] = Channel(pad)
    return pads


def read_midi(path: Path, options: ImportOptions) -> Content:
    """Taps and cues of a MIDI file, in nanoseconds from its beginning.

    Tracks and channels count from 1. A note that is a cue is no tap. Raises SignalFileError, also
    where `options` does not say what the notes are, or the file not its tempo.
    """
    import mido

    options.refuse_unused(f"the MIDI file {path}", "cues", "pitches", "bpm")
    with reading(path, "a MIDI file"):
        file = mido.MidiFile(path)
        notes: list[_Note] = []
        tempos: list[tuple[int, int]] = []
        for track, messages in enumerate(file.tracks, start=1):
            ticks = 0
            for message in messages:
                ticks += message.time
                if message.type == "note_on" and message.velocity > 0:
                    notes.append(_Note(ticks, track, message.channel + 1, message.note))
                elif message.type == "set_tempo":
                    tempos.append((ticks, message.tempo))
    if file.type == 2:
        raise SignalFileError(f"{path} holds songs one after another (type 2); save it as type 1.")
    if not 0 < file.ticks_per_beat < 0x8000:
        raise SignalFileError(f"{path} counts film frames and not beats; save it with beats.")
    if not notes:
        raise SignalFileError(f"{path} holds no notes; choose another file.")
    if options.cues is None and not options.pitches:
        raise SignalFileError(f"{path} has {_listed(notes)}; {_WAYS}.")
    if tempos and options.bpm is not None:
        raise SignalFileError(f"{path} gives its own tempo; leave out --bpm.")
    if not tempos:
        if options.bpm is None:
            raise SignalFileError(
                f"{path} does not say its tempo; say it with --bpm (120 if nobody set one)."
            )
        tempos = [(0, round(_US_PER_MINUTE / options.bpm))]
    cues = [note for note in notes if _is_cue(path, note, options.cues)]
    chosen = set(cues)
    taps = [note for note in notes if note.pitch in options.pitches and note not in chosen]
    if options.cues is not None and not cues:
        raise SignalFileError(f"{path} has no notes on {options.cues}; it has {_listed(notes)}.")
    for pitch in options.pitches:
        if all(tap.pitch != pitch for tap in taps):
            raise SignalFileError(f"{path} has no taps of pitch {pitch}; it has {_listed(notes)}.")
    clock = _TempoMap(tempos, file.ticks_per_beat)
    return Content(
        cue_ns=tuple(sorted({clock.time_ns(cue.ticks) for cue in cues})),
        responses=tuple(
            sorted((clock.time_ns(tap.ticks), options.pitches[tap.pitch]) for tap in taps)
        ),
        said={
            "pitches": {str(pitch): channel for pitch, channel in options.pitches.items()},
            "cues": options.cues,
        },
    )


class _TempoMap:
    """Ticks to nanoseconds, exactly, over every change of tempo."""

    def __init__(self, tempos: list[tuple[int, int]], ticks_per_beat: int) -> None:
        """`tempos`: (ticks, microseconds a beat), in any order."""
        self._ticks_per_beat = ticks_per_beat
        self._pieces: list[tuple[int, Fraction, int]] = [(0, Fraction(0), 500_000)]
        for ticks, tempo_us in sorted(tempos, key=lambda change: change[0]):
            self._pieces.append((ticks, self._time_us(ticks), tempo_us))

    def _time_us(self, ticks: int) -> Fraction:
        start_ticks, start_us, tempo_us = next(p for p in reversed(self._pieces) if p[0] <= ticks)
        return start_us + Fraction((ticks - start_ticks) * tempo_us, self._ticks_per_beat)

    def time_ns(self, ticks: int) -> int:
        """Nanoseconds from the file's beginning."""
        return round(self._time_us(ticks) * NS_PER_US)


def _is_cue(path: Path, note: _Note, place: str | None) -> bool:
    if place is None:
        return False
    kind, _, number = place.partition(":")
    if kind not in ("track", "channel", "pitch") or not number.isdigit():
        raise SignalFileError(
            f"--cues {place} does not say where the cues of {path} are; give track:1, channel:10 "
            "or pitch:76."
        )
    return bool(getattr(note, kind) == int(number))


def _listed(notes: list[_Note]) -> str:
    counts = Counter((note.track, note.channel, note.pitch) for note in notes)
    shown = [
        f"{count} notes of pitch {pitch} on track {track}, channel {channel}"
        for (track, channel, pitch), count in sorted(counts.items())
    ]
    return "; ".join(shown[:12]) + ("; and more" if len(shown) > 12 else "")
