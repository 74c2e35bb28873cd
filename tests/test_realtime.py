"""Real-time running: with the rights, where this computer gives them, and without."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from andante import realtime
from andante.realtime import (
    DROWSY_LOSS,
    ORDINARY_LOSS,
    UNLOCKED_LOSS,
    ThreadRole,
    begun_as,
    raise_this_thread,
)

pytestmark = pytest.mark.alone

Policy = tuple[int, int]
REFUSES_TO_BE_OPENED = Path("/proc/self")  # a folder, so nobody can write it


def policy() -> Policy:
    """The calling thread's scheduling: policy and priority."""
    return os.sched_getscheduler(0), os.sched_getparam(0).sched_priority


def in_thread(work: Callable[[], Policy]) -> Policy:
    found: list[Policy] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def with_rights() -> Iterator[None]:
    with realtime.running() as scheduling:
        if not scheduling.real_time:
            pytest.skip("this computer gives no real-time rights")
        yield


@pytest.fixture
def without_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(realtime, "_lock_memory", lambda: False)
    monkeypatch.setattr(realtime, "LATENCY_REQUEST", REFUSES_TO_BE_OPENED)


@pytest.mark.usefixtures("with_rights")
def test_every_thread_goes_before_ordinary_programs() -> None:
    assert policy() == (os.SCHED_FIFO, ThreadRole.REST)
    assert in_thread(policy) == (os.SCHED_FIFO, ThreadRole.REST)


@pytest.mark.usefixtures("with_rights")
@pytest.mark.parametrize("role", list(ThreadRole))
def test_a_thread_takes_its_place_and_leaves_the_others_theirs(role: ThreadRole) -> None:
    def work() -> Policy:
        raise_this_thread(role)
        return policy()

    assert in_thread(work) == (os.SCHED_FIFO, role)
    assert policy() == (os.SCHED_FIFO, ThreadRole.REST)


@pytest.mark.usefixtures("with_rights")
def test_a_library_that_begins_threads_hands_on_the_role() -> None:
    with begun_as(ThreadRole.SOUND):
        assert in_thread(policy) == (os.SCHED_FIFO, ThreadRole.SOUND)
    assert policy() == (os.SCHED_FIFO, ThreadRole.REST)


def test_light_goes_first_and_all_stay_below_the_kernel() -> None:
    by_priority = sorted(ThreadRole, reverse=True)
    assert by_priority[0] is ThreadRole.LIGHT
    assert by_priority[-1] is ThreadRole.REST
    assert max(ThreadRole) < 50  # the kernel's interrupt threads


def test_all_is_as_before_afterwards() -> None:
    before = policy(), sys.getswitchinterval()
    with realtime.running():
        assert sys.getswitchinterval() == pytest.approx(realtime.SWITCH_INTERVAL_S)
    assert (policy(), sys.getswitchinterval()) == before
    raise_this_thread(ThreadRole.LIGHT)
    with begun_as(ThreadRole.LIGHT):
        assert policy() == before[0]


def test_the_kernel_is_asked_to_wake_threads_without_delay() -> None:
    before_ns = timer_slack_ns()
    with realtime.running():
        assert timer_slack_ns() in (realtime.TIMER_SLACK_NS, 0)  # a real-time thread has none
    assert timer_slack_ns() == before_ns


def timer_slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


def test_locked_memory_is_let_go_afterwards() -> None:
    with realtime.running() as scheduling:
        if not scheduling.memory_locked:
            pytest.skip("this computer lets no memory be locked")
        assert locked_kib() > 0
    assert locked_kib() == 0


def locked_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmLck")))


@pytest.mark.usefixtures("without_rights")
def test_without_rights_it_runs_and_says_what_is_lost() -> None:
    before = policy()
    with realtime.running() as scheduling:
        assert scheduling.losses == (ORDINARY_LOSS, UNLOCKED_LOSS, DROWSY_LOSS)
        assert str(scheduling) == "ordinary, memory not locked"
        raise_this_thread(ThreadRole.LIGHT)
        with begun_as(ThreadRole.SOUND):
            assert policy() == before


def test_the_kernel_is_asked_for_wakeful_processors_as_long_as_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = tmp_path / "cpu_dma_latency"
    request.touch()
    monkeypatch.setattr(realtime, "LATENCY_REQUEST", request)
    with realtime.running() as scheduling:
        assert scheduling.kept_awake
        assert "processors kept awake" in str(scheduling)
        assert request.read_bytes() == bytes(4)
        assert request in open_files()
    assert request not in open_files()


def test_the_real_request_is_taken_and_withdrawn() -> None:
    with realtime.running() as scheduling:
        if not scheduling.kept_awake:
            pytest.skip("this computer takes no request for wakeful processors")
        assert wanted_latency_us() == 0
        assert realtime.LATENCY_REQUEST in open_files()
    assert realtime.LATENCY_REQUEST not in open_files()


def wanted_latency_us() -> int:
    """What all who asked agree on (the file gives it back, as a 32-bit number)."""
    with realtime.LATENCY_REQUEST.open("rb", buffering=0) as request:
        return int.from_bytes(request.read(4), sys.byteorder)


def open_files() -> list[Path]:
    return [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.exists()]


def test_a_kernel_without_such_a_request_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime, "LATENCY_REQUEST", tmp_path / "none")
    with realtime.running() as scheduling:
        assert scheduling.kept_awake is None
        assert DROWSY_LOSS not in scheduling.losses
        assert "awake" not in str(scheduling)


def test_a_moment_can_be_had_undisturbed() -> None:
    before_s = sys.getswitchinterval()
    with realtime.undisturbed():
        assert sys.getswitchinterval() == before_s
    with realtime.running():
        with realtime.undisturbed():
            assert sys.getswitchinterval() > realtime.SWITCH_INTERVAL_S * 10
        assert sys.getswitchinterval() == pytest.approx(realtime.SWITCH_INTERVAL_S)
    assert sys.getswitchinterval() == before_s


def test_what_is_not_wanted_is_not_lost() -> None:
    before = policy()
    with realtime.running(wanted=False) as scheduling:
        assert scheduling.losses == ()
        assert policy() == before


def test_it_is_entered_once() -> None:
    with (
        realtime.running(wanted=False),
        pytest.raises(RuntimeError, match="entered already"),
        realtime.running(),
    ):
        pass
