"""Sound, light, touch and buttons: are they there, and do they do what they are asked on time?"""

from collections.abc import Callable, Mapping

from andante.checks.finding import Finding, Verdict, finding_of_error
from andante.cues.device import refuse_bluetooth
from andante.errors import OutputError
from andante.ports import Cue, CueOutput, CueReport, FaultKind
from andante.timebase import NS_PER_MS, NS_PER_S, Clock, ns_to_seconds

SILENT_RUN_NS = 2 * NS_PER_S
TRIAL_CUES = 3
TRIAL_INTERVAL_NS = 400 * NS_PER_MS
_AHEAD_NS = 250 * NS_PER_MS
_LOOK_NS = 20 * NS_PER_MS
_REPORTS_NS = NS_PER_S
LATE_MS = 5.0
"""A light that is later than this is given with a fault in a session as well."""


def check_sound(
    make: Callable[[], CueOutput], clock: Clock, expected: bool, default_sink: str | None = None
) -> Finding:
    """Open the sound device, let it run silent for 2 s, and count how often it ran dry.

    `expected`: the computer has a sound card, so that a device that cannot be opened has failed.
    `default_sink`: the sound server's own name for the default device, where there is a server:
    PortAudio shows the server alone, and a Bluetooth loudspeaker may hide behind it.
    """
    output: CueOutput | None = None
    began_ns = clock.now_ns()
    try:
        if default_sink is not None:
            refuse_bluetooth(default_sink)
        output = make()
        output.start()
        ready_ns = clock.now_ns()
        clock.sleep_until_ns(ready_ns + SILENT_RUN_NS)
        faults = output.take_faults()
    except OutputError as error:
        return finding_of_error("sound", error, expected or default_sink is not None)
    finally:
        if output is not None:
            output.stop()
    ran_dry = sum(f.count for f in faults if f.kind is FaultKind.SOUND_UNDERRUN)
    start_s = ns_to_seconds(ready_ns - began_ns)
    figures = {"underrun_count": ran_dry, "start_s": start_s}
    found = f"{output.description}; kept time {start_s:.1f} s after opening"
    failed = [f.text for f in faults if f.kind is FaultKind.OUTPUT_FAILED]
    if failed:
        return Finding(
            "sound", Verdict.FAILED, failed[0], "Connect it again and check again.", figures
        )
    if ran_dry:
        return Finding(
            "sound",
            Verdict.WARNING,
            f"{found}; ran dry {ran_dry} times in {ns_to_seconds(SILENT_RUN_NS):.0f} s.",
            "Close other programs; give this user real-time rights.",
            figures,
        )
    return Finding("sound", Verdict.OK, f"{found}; never ran dry.", figures=figures)


def check_cues(name: str, make: Callable[[], CueOutput], clock: Clock, expected: bool) -> Finding:
    """Give three cues on an LED, ring or motor and see how far from their time they came.

    The output's own record is all there is: whether it shines or shakes, only a person can tell.
    `expected`: the computer has the pins, so that an output that cannot be opened has failed.
    """
    output: CueOutput | None = None
    reports: list[CueReport] = []
    try:
        output = make()
        output.start()
        first_ns = clock.now_ns() + _AHEAD_NS
        planned_ns = [first_ns + k * TRIAL_INTERVAL_NS for k in range(TRIAL_CUES)]
        for index, time_ns in enumerate(planned_ns):
            output.schedule(Cue(index, time_ns))
        deadline_ns = planned_ns[-1] + _REPORTS_NS
        while len(reports) < TRIAL_CUES and (now_ns := clock.now_ns()) < deadline_ns:
            clock.sleep_until_ns(now_ns + _LOOK_NS)
            reports += output.take_reports()
        faults = output.take_faults()
    except OutputError as error:
        return finding_of_error(name, error, expected)
    finally:
        if output is not None:
            output.stop()
    errors_ms = [
        abs(report.actual_ns - planned_ns[report.cue_index]) / NS_PER_MS
        for report in reports
        if report.actual_ns is not None
    ]
    if not errors_ms:
        why = faults[0].text if faults else "It gave none of three cues."
        return Finding(name, Verdict.FAILED, why, "See to its wiring and check again.")
    worst_ms = max(errors_ms)
    figures = {"given_count": len(errors_ms), "cue_error_max_ms": worst_ms}
    found = (
        f"{output.description}; gave {len(errors_ms)} of {TRIAL_CUES} cues, at most "
        f"{worst_ms:.2f} ms off their time"
    )
    if len(errors_ms) < TRIAL_CUES or worst_ms > LATE_MS:
        return Finding(
            name, Verdict.WARNING, f"{found}.", "Close other programs and check again.", figures
        )
    return Finding(name, Verdict.OK, f"{found}.", "See for yourself that it works.", figures)


def check_buttons(read: Callable[[], Mapping[str, bool]], expected: bool) -> Finding:
    """`read`: which buttons are pressed just now, by name; nobody should be pressing any.

    Raises what `read` raises besides OutputError.
    """
    try:
        pressed = read()
    except OutputError as error:
        return finding_of_error("buttons", error, expected)
    held = [name for name, is_pressed in pressed.items() if is_pressed]
    if held:
        return Finding(
            "buttons",
            Verdict.FAILED,
            f"Pressed while nobody presses: {', '.join(held)}.",
            "Let go of it, or see to its wiring, and check again.",
        )
    return Finding("buttons", Verdict.OK, f"At rest: {', '.join(pressed)}.")
