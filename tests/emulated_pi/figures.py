"""What a walk on the emulated Pi shows, in figures. Pure."""

import re
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from andante.ports import Channel, Edge
from andante.session.file import OutputTable, SessionData
from andante.timebase import NS_PER_MS, NS_PER_S, NS_PER_US
from emulated_pi.walk import PiWalk

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

STEP_WINDOW_NS = 100 * NS_PER_MS
CLICK_GAP_S = 0.1
CLICK_SHARE = 0.25  # of the loudest
_SHARES_PERCENT = (50, 99, 100)


@dataclass(frozen=True)
class LedComparison:
    """The LED's rising edges beside its record; shapes (n,) of the cues that were given.

    `late_us`: edge minus planned. `off_record_us`: edge minus what the session file says.
    `contradiction_us`: how far apart what was seen outside and what the file claims are when both
    are given all their uncertainty; 0 where they agree.
    """

    cue_index: Int64s
    late_us: Floats
    off_record_us: Floats
    contradiction_us: Floats


def compare_led(walk: PiWalk, session: SessionData) -> LedComparison:
    """Lay the n-th rising edge beside the n-th cue given. Raises ValueError where they differ in
    number, or where an edge is not followed by its falling one."""
    led = session.outputs["led"]
    levels = [edge.level for edge in walk.led_edges]
    count = int(led.given.sum())
    if levels != [True, False] * count:
        raise ValueError(f"{count} cues were given and {levels.count(True)} flashes seen outside")
    cue_index = led.cue_index[led.given]
    rises = [edge for edge in walk.led_edges if edge.level]
    times_ns, not_before_ns, not_after_ns = (
        np.array([getattr(edge, name) for edge in rises], dtype=np.int64)
        for name in ("time_ns", "not_before_ns", "not_after_ns")
    )
    said_ns = led.actual_ns[led.given]
    unsure_us = led.uncertainty_us[led.given] + walk.uncertainty_us
    apart_us = np.maximum(not_before_ns - said_ns, said_ns - not_after_ns) / NS_PER_US
    return LedComparison(
        cue_index,
        (times_ns - session.cues.planned_ns[cue_index]) / NS_PER_US,
        (times_ns - said_ns) / NS_PER_US,
        np.maximum(apart_us - unsure_us, 0.0),
    )


def step_errors_ms(walk: PiWalk, session: SessionData, channel: Channel, edge: Edge) -> Floats:
    """The session file's time minus the true one, shape (n,), of every step from the first known
    one on. Raises ValueError where they differ in number."""
    true_ns = walk.steps_ns[channel, edge]
    found_ns = session.responses.times_ns(channel, edge)
    found_ns = found_ns[found_ns > true_ns[0] - STEP_WINDOW_NS]
    if found_ns.size != true_ns.size:
        raise ValueError(f"{channel} {edge}: {true_ns.size} made, {found_ns.size} in the session")
    return np.asarray((found_ns - true_ns) / NS_PER_MS)


def click_onsets_s(sound: Path) -> Floats:
    """When clicks begin in a recording, from its start, shape (n,)."""
    with wave.open(str(sound)) as file:
        rate_hz = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    loudness = np.abs(samples.astype(np.float64))
    loud_s = np.flatnonzero(loudness > CLICK_SHARE * loudness.max(initial=1.0)) / rate_hz
    onsets: Floats = loud_s[np.diff(loud_s, prepend=-CLICK_GAP_S) >= CLICK_GAP_S]
    return onsets


def sound_sentence(walk: PiWalk, session: SessionData) -> str:
    """How many clicks came out of the loopback, and how far from where they belong."""
    if walk.sound is None:
        return "sound: not asked for"
    heard_s = click_onsets_s(walk.sound)
    sound = session.outputs.get("sound")
    if sound is None:
        return f"sound: none ({walk.said.strip()}); {heard_s.size} clicks heard"
    text = (
        f"sound: {int(sound.given.sum())} of {session.cues.index.size} cues given, "
        f"{heard_s.size} clicks heard"
    )
    if heard_s.size != int(sound.given.sum()) or heard_s.size < 2:
        return text
    off_ms = _off_line_ms(heard_s, sound)
    return f"{text}; from its record, but for a constant: {_shares(off_ms)} ms"


def _off_line_ms(heard_s: Floats, sound: OutputTable) -> Floats:
    given_s = sound.actual_ns[sound.given] / NS_PER_S
    off_s = heard_s - given_s
    return np.asarray((off_s - np.median(off_s)) * 1e3)


def _shares(values: Floats) -> str:
    shares = np.percentile(np.abs(values), _SHARES_PERCENT)
    return "p50 {:.3f}, p99 {:.3f}, max {:.3f}".format(*shares)


def report(walk: PiWalk, session: SessionData) -> str:
    """All of it in lines for a person; nothing is judged."""
    led = compare_led(walk, session)
    cpu = re.search(r"Percent of CPU this job got: (\d+)%", walk.engine)
    resident = re.search(r"Maximum resident set size \(kbytes\): (\d+)", walk.engine)
    lines = [
        f"boot to the first program {walk.boot_s:.1f} s, power-on to the first flash "
        f"{walk.first_flash_s:.1f} s",
        f"LED: {led.cue_index.size} of {session.cues.index.size} cues given and seen outside",
        f"  edge after planned: {_shares(led.late_us / 1e3)} ms",
        f"  edge from its record: {_shares(led.off_record_us / 1e3)} ms; contradicted: "
        f"{np.count_nonzero(led.contradiction_us)}; all times are known within "
        f"{walk.uncertainty_us / 1e3:.3f} ms",
    ]
    for channel, edge in walk.steps_ns:
        error_ms = step_errors_ms(walk, session, channel, edge)
        lines.append(
            f"{channel} {edge}: {error_ms.size} of {error_ms.size}, median "
            f"{np.median(error_ms):+.3f} ms, from that {_shares(error_ms - np.median(error_ms))} ms"
        )
    lines.append(sound_sentence(walk, session))
    lines.append(
        f"andante took {cpu[1] if cpu else '?'} % of the emulated processor, start included; "
        f"QEMU took {walk.processor_s:.0f} s of this machine's"
    )
    if resident:
        lines.append(f"busybox time says {resident[1]} kbytes at most")
    return "\n".join(lines)
