"""Sound: every cue placed at its sample in one stream that runs for the whole session."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from andante.cues.device import FRAMES_PER_BUFFER, SoundDevice
from andante.cues.frame_map import UNDERFLOW, FrameMap, FrameMapping
from andante.cues.mixer import Placement, SoundMixer
from andante.cues.outbox import Outbox, lateness_ms, require_audible
from andante.cues.sounds import make_sounds
from andante.cues.track import Track
from andante.errors import OutputError
from andante.ports import AudioTiming, Cue, CueReport, Fault, FaultKind
from andante.realtime import ThreadRole, begun_as
from andante.timebase import NS_PER_S, Clock, ns_to_seconds

START_TIMEOUT_S = 25.0
REFIT_S = 0.2
STARTING_REFIT_S = 0.05
SETTLE_NS = NS_PER_S
"""A cue is reported this long after it sounded, when readings from both sides of it are in."""
STALLED_NS = 5 * NS_PER_S
TIMING_PERIOD_NS = NS_PER_S // 2
QUIET_NS = 3 * NS_PER_S
"""After this long without a cue the mapping may move, since nobody hears it."""
REST_PERIOD_NS = NS_PER_S
"""How often recordings are read ahead and, in quiet, the mapping moves."""
_CONTINUE = 0  # paContinue
_READINGS = 2_048  # a minute of callbacks
_STOPPED = "the sound device has stopped"
_DOUBTFUL = "the sound ran dry near this cue"


class SoundOutput:
    """Cues through PyAudio; a `CueOutput` named `sound`.

    Three threads meet here: the runner's, which schedules; PortAudio's, whose callback asks
    the mapping where a cue belongs as its buffer is filled, 60-100 ms before it sounds; and the
    mapper's, which fits the mapping and writes the reports.

    A cue has to be scheduled at least 130 ms ahead, unless it is to come at once: one whose frame
    has gone by more than 1 ms when its buffer is filled is reported missed. `actual_ns` is when
    the frame left the device's driver as the driver tells it; what amplifier and air add is a
    constant that only a calibration can see. Bluetooth behind a sound server's default device is
    not noticed.
    """

    name = "sound"
    simulated = False

    def __init__(
        self,
        clock: Clock,
        volume_percent: float = 30.0,
        device: str | None = None,
        sounds: Iterable[str] | None = None,
        tracks: Mapping[str, Track] | None = None,
    ) -> None:
        """`volume_percent`: peak level, 0-100 % of full scale; the first cue has a third of it.

        `device`: part of a device's name, or None for the default one. `sounds`: the names of
        those that cues will ask for, or None for all that there are; `tracks`: prepared
        recordings by name. Raises ValueError for a volume out of range.
        """
        if not 0.0 <= volume_percent <= 100.0:
            raise ValueError(f"a volume lies between 0 and 100 %, not at {volume_percent}")
        self.description = "sound, not started"
        self._clock = clock
        self._volume_percent = volume_percent
        self._wanted = device
        self._sound_names = sounds
        self._tracks = tracks
        self._outbox = Outbox(self.name)
        self._lock = threading.Lock()
        self._mapping: FrameMapping | None = None
        self._readings: deque[AudioTiming] = deque(maxlen=_READINGS)
        self._timing: deque[AudioTiming] = deque()
        self._placed: deque[Placement] = deque()
        self._underrun_frames: deque[int] = deque(maxlen=64)
        self._next_frames = 0
        self._last_reading_ns = 0
        self._last_timing_ns = 0
        self._quiet_from_ns = 0
        self._rest_due_ns = 0
        self._failed = False
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._mapper = threading.Thread(target=self._run_mapper, name="sound-map", daemon=True)
        self._device: SoundDevice | None = None

    def start(self) -> None:
        """Open the device and wait until it keeps time, 1-2 s. Raises OutputError."""
        with begun_as(ThreadRole.SOUND):  # PortAudio's threads, and a sound server's client's
            device = SoundDevice(self._wanted, self._callback)
            try:
                self._prepare(device)
                device.start()
            except BaseException:
                device.close()
                raise
        self._device = device
        self._mapper.start()
        if not self._ready.wait(START_TIMEOUT_S):
            self.stop()
            raise OutputError(
                f"The sound device ({device.description}) does not keep time; close other "
                "programs, or choose another device."
            )

    def _prepare(self, device: SoundDevice) -> None:
        """Everything that the callback uses, so that it need not make it. Raises OutputError."""
        sounds = make_sounds(device.rate_hz, self._sound_names)
        self._mixer = SoundMixer(sounds, device.rate_hz, self._volume_percent / 100.0, self._tracks)
        self._mono = np.zeros(FRAMES_PER_BUFFER, dtype=np.float32)
        self._out = np.zeros((FRAMES_PER_BUFFER, device.channel_count), dtype=np.float32)
        self._map = FrameMap(device.rate_hz)
        self._last_reading_ns = self._clock.now_ns()
        self.description = device.description

    def schedule(self, cue: Cue) -> None:
        """Take a cue. Raises ValueError for a silent cue or an unknown sound."""
        require_audible(cue)
        now_ns = self._clock.now_ns()
        if cue.end_ns <= now_ns and not cue.at_once:
            self._outbox.missed(cue, now_ns, f"handed over {lateness_ms(cue.planned_ns, now_ns)}")
            return
        with self._lock:
            if not self._failed:
                self._mixer.add(cue)
                self._quiet_from_ns = max(self._quiet_from_ns, cue.end_ns + QUIET_NS)
                return
        self._outbox.missed(cue, now_ns, _STOPPED)

    def cancel(self) -> None:
        """Withdraw every cue that is not yet in a buffer."""
        with self._lock:
            self._mixer.cancel()

    def take_reports(self) -> list[CueReport]:
        """Reports since the last call; each comes a second or so after its cue."""
        return self._outbox.take_reports()

    def take_faults(self) -> list[Fault]:
        """Faults since the last call."""
        return self._outbox.take_faults()

    def take_audio_timing(self) -> list[AudioTiming]:
        """Two raw readings a second, and every one that carries a flag."""
        return [self._timing.popleft() for _ in range(len(self._timing))]

    def stop(self) -> None:
        """Silence at once, close the device, and report what had sounded by then."""
        if self._device is None:
            return
        with self._lock:
            self._mixer.cancel()
            self._mixer.fade_out()
        device, self._device = self._device, None
        stopped_ns = self._clock.now_ns()
        device.close()
        self._stopping.set()
        if self._mapper.is_alive():
            self._mapper.join()
        self._take_readings()
        self._report(stopped_ns + SETTLE_NS)
        for placement in self._placed:  # in a buffer that the device has let go of
            self._outbox.withheld(placement.cue, "stopped before it sounded")
        self._placed.clear()

    def _callback(
        self, _input: bytes | None, frame_count: int, times_s: dict[str, float], status: int
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Fill one buffer. Runs on PortAudio's thread, which copies what is returned."""
        now_ns = self._clock.now_ns()
        # Of PortAudio's times only the difference can be trusted: their clock varies.
        ahead_s = times_s["output_buffer_dac_time"] - times_s["current_time"]
        first_frames = self._next_frames
        self._next_frames += frame_count
        self._readings.append(
            AudioTiming(first_frames, now_ns, now_ns + round(ahead_s * NS_PER_S), status)
        )
        if self._mono.size != frame_count:
            self._mono = np.zeros(frame_count, dtype=np.float32)
            self._out = np.zeros((frame_count, self._out.shape[1]), dtype=np.float32)
        with self._lock:
            mapping = self._mapping
            if mapping is None:
                self._mono.fill(0.0)
            else:
                if status & UNDERFLOW:
                    mapping = self._mapping = mapping.restarted(first_frames, now_ns)
                self._placed.extend(self._mixer.mix(self._mono, first_frames, mapping.frames_at))
        self._out[:] = self._mono[:, np.newaxis]
        return self._out, _CONTINUE

    def _run_mapper(self) -> None:
        while not self._stopping.wait(REFIT_S if self._ready.is_set() else STARTING_REFIT_S):
            self._take_readings()
            now_ns = self._clock.now_ns()
            if not self._failed and now_ns - self._last_reading_ns > STALLED_NS:
                self._give_up(now_ns)
            self._report(now_ns)
            if now_ns >= self._rest_due_ns:
                self._rest_due_ns = now_ns + REST_PERIOD_NS
                self._mixer.read_ahead()
                if now_ns >= self._quiet_from_ns and not self._placed:
                    self._map.rest()

    def _take_readings(self) -> None:
        underrun_count, underrun_ns = 0, 0
        for _ in range(len(self._readings)):
            reading = self._readings.popleft()
            if reading.status & UNDERFLOW and self._ready.is_set():
                underrun_count += 1
                underrun_ns = reading.callback_ns
                self._underrun_frames.append(reading.frames)
            self._last_reading_ns = reading.callback_ns
            self._map.add(reading)
            due_ns = self._last_timing_ns + TIMING_PERIOD_NS
            if reading.status or reading.callback_ns >= due_ns:
                self._timing.append(reading)
                self._last_timing_ns = reading.callback_ns
        old, new = self._mapping, self._map.mapping
        if new is None:
            return
        with self._lock:
            # Unless the callback has seen a break that is not among these readings yet.
            if self._mapping is None or new.first_frames >= self._mapping.first_frames:
                self._mapping = new
        self._ready.set()
        if underrun_count:
            self._outbox.fault(
                FaultKind.SOUND_UNDERRUN,
                underrun_ns,
                "The sound ran dry for a moment and cues near it may be late; "
                "close other programs.",
                underrun_count,
            )
        began = old is not None and new.first_frames > old.first_frames
        if began and new.first_frames not in self._underrun_frames:
            self._outbox.fault(
                FaultKind.SOUND_UNDERRUN,
                new.ns_at(new.first_frames),
                "The sound device lost or gained time unasked and cues near it may be off; "
                "close other programs.",
            )

    def _report(self, now_ns: int) -> None:
        mapping = self._mapping
        while self._placed and mapping is not None:
            cue, frames = self._placed[0].cue, self._placed[0].frames
            if frames is None:
                self._outbox.missed(cue, now_ns, "its moment had gone when its buffer was filled")
            elif (actual_ns := mapping.ns_at(frames)) + SETTLE_NS <= now_ns:
                fault = _DOUBTFUL if mapping.doubtful(frames) else None
                self._outbox.given(cue, actual_ns, mapping.uncertainty_us(frames), fault)
            else:
                return
            self._placed.popleft()

    def _give_up(self, now_ns: int) -> None:
        with self._lock:
            self._failed = True
            waiting = self._mixer.cancel()
        self._outbox.fault(
            FaultKind.OUTPUT_FAILED,
            now_ns,
            "The sound device has asked for no sound for "
            f"{ns_to_seconds(STALLED_NS):.0f} s; see whether it is still connected.",
        )
        for cue in waiting:
            self._outbox.missed(cue, now_ns, _STOPPED)
