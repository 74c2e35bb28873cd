"""The control socket, with a server that nobody can hold up, and its place in the file system."""

import os
import socket
import stat
import statistics
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.commands import NudgeTempo, Stop
from andante.control import (
    MAX_LINE_BYTES,
    AnyMessage,
    ControlClient,
    ControlError,
    DeviceState,
    Doing,
    LiveProgress,
    Notice,
    Ok,
    Refused,
    Start,
    encode_line,
)
from andante.control_server import MAX_CLIENTS, MAX_UNREAD_BYTES
from andante.timebase import NS_PER_MS, NS_PER_S, MonotonicClock
from support.control import HOLD, PLAN, SOCKET, Counter, RawClient, counter_at, pure, wait_for


def progress(left_s: float) -> LiveProgress:
    return LiveProgress(
        stage="cued",
        left_s=left_s,
        tempo_per_minute=104.5,
        last_asynchrony_ms=-12.5,
        vector_length=0.93,
        response_count=17,
        own_per_minute=103.0,
        paused=False,
        recent_asynchronies_ms=(3.5, -12.5),
    )


# --- the socket -----------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / SOCKET


def test_the_socket_is_for_its_owner_and_group_alone(path: Path) -> None:
    with counter_at(path):
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o660


def test_a_session_is_asked_for_watched_and_commanded(path: Path) -> None:
    with counter_at(path) as counter, ControlClient(path) as holder, ControlClient(path) as other:
        assert wait_for(other, DeviceState).doing is Doing.WAITING
        assert holder.ask(HOLD) == Ok()
        assert holder.ask(Start(plan=PLAN, attended=True)) == Ok()
        assert counter.starts == [Start(plan=PLAN, attended=True)]
        counter.begin()
        counter.publish(progress(12.0))
        for client in (holder, other):
            assert wait_for(client, LiveProgress) == progress(12.0)
        assert holder.ask(NudgeTempo(percent=2)) == Ok()
        answer = other.ask(NudgeTempo(percent=-2))
        assert isinstance(answer, Refused)
        assert "tablet 2" in answer.reason
        assert counter.desk.take_commands() == [NudgeTempo(percent=2)]


def test_a_newcomer_is_told_what_is_going_on_and_nothing_older(path: Path) -> None:
    with counter_at(path) as counter:
        counter.publish(Notice(text="old"))
        counter.begin()
        with ControlClient(path) as client:
            first = client.next_event(5)
            assert isinstance(first, DeviceState)
            assert first.doing is Doing.RUNNING
            assert first.patient_code == "P7"
            counter.publish(Notice(text="new"))
            assert wait_for(client, Notice).text == "new"


def test_bad_lines_are_answered_one_by_one_and_the_connection_stays(path: Path) -> None:
    with counter_at(path) as counter:
        client = RawClient(path)
        assert isinstance(client.receive(), DeviceState)
        client.send(b"what?\n\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\n" + encode_line(HOLD))
        answers = [client.receive() for _ in range(3)]
        assert all(isinstance(answer, Refused) for answer in answers)
        assert "longer" in str(answers[2])
        assert client.receive() == Ok()
        assert isinstance(client.receive(), DeviceState)
        counter.begin()
        client.send(encode_line(Stop())[:5])
        assert isinstance(client.receive(), DeviceState)
        client.send(encode_line(Stop())[5:])
        assert client.receive() == Ok()
        client.close()


def test_whatever_is_sent_every_line_gets_one_answer(path: Path) -> None:
    with counter_at(path):
        client = RawClient(path)
        assert isinstance(client.receive(), DeviceState)

        @pure
        @given(st.lists(st.binary(max_size=80).filter(lambda b: b"\n" not in b)))
        def send(lines: list[bytes]) -> None:
            client.send(b"".join(line + b"\n" for line in [*lines, encode_line(Stop())[:-1]]))
            answers = [client.receive() for _ in range(len(lines) + 1)]
            assert all(isinstance(answer, Refused) for answer in answers)
            assert "No session" in str(answers[-1])  # the last answer is the last line's

        send()
        client.close()


def test_garbage_from_one_does_not_disturb_another(path: Path) -> None:
    with counter_at(path) as counter, ControlClient(path) as good:
        bad = RawClient(path)
        bad.send(os.urandom(300_000).replace(b"\n", b"") + b"\n")
        assert good.ask(HOLD) == Ok()
        bad.socket.close()
        counter.publish(Notice(text="still here"))
        assert wait_for(good, Notice).text == "still here"


def test_a_slow_reader_gets_the_newest_and_every_notice(path: Path) -> None:
    count = 2_000
    with counter_at(path) as counter:
        slow = RawClient(path)
        assert isinstance(slow.receive(), DeviceState)
        with ControlClient(path) as watcher:
            wait_for(watcher, DeviceState)
            for number in range(count):
                counter.publish(progress(float(number)))
                if number % 100 == 0:
                    counter.publish(Notice(text=str(number)))
                    while wait_for(watcher, Notice).text != str(number):
                        pass
            counter.publish(Notice(text="last"))
            wait_for(watcher, Notice)
        seen: list[AnyMessage | None] = []
        while not (isinstance(event := slow.receive(), LiveProgress) and event.left_s == count - 1):
            assert event is not None
            seen.append(event)
        numbers = [event.left_s for event in seen if isinstance(event, LiveProgress)]
        assert numbers == sorted(numbers)
        assert len(numbers) < count / 2
        notices = [event.text for event in seen if isinstance(event, Notice)]
        assert notices[:20] == [str(number) for number in range(0, count, 100)]
        slow.close()


def test_a_reader_that_reads_nothing_is_let_go_and_costs_nobody_anything(path: Path) -> None:
    with counter_at(path) as counter, ControlClient(path) as good:
        wait_for(good, DeviceState)
        dead = RawClient(path)
        assert isinstance(dead.receive(), DeviceState)
        text = "x" * 2_000
        for number in range(3 * MAX_UNREAD_BYTES // len(text)):
            counter.publish(Notice(text=f"{number} {text}"))
            assert wait_for(good, Notice).text.startswith(f"{number} ")
        received = 0
        while dead.receive() is not None:
            received += 1
        assert received < 2 * MAX_UNREAD_BYTES / len(text)
        dead.close()


def test_a_dead_holder_frees_the_device(path: Path) -> None:
    with counter_at(path) as counter, ControlClient(path) as other:
        holder = ControlClient(path)
        assert holder.ask(HOLD) == Ok()
        counter.begin()
        while wait_for(other, DeviceState).holder is None:
            pass
        holder.close()
        while wait_for(other, DeviceState).holder is not None:
            pass
        assert counter.desk.state.doing is Doing.RUNNING
        assert other.ask(HOLD) == Ok()


def test_many_watch_at_once(path: Path) -> None:
    with counter_at(path) as counter:
        watchers = [ControlClient(path) for _ in range(40)]
        for watcher in watchers:
            wait_for(watcher, DeviceState)
        for number in range(10):
            counter.publish(Notice(text=str(number)))
        for watcher in watchers:
            assert [wait_for(watcher, Notice).text for _ in range(10)] == [
                str(number) for number in range(10)
            ]
            watcher.close()


def test_one_connection_too_many_is_told_so(path: Path) -> None:
    with counter_at(path):
        watchers = [RawClient(path) for _ in range(MAX_CLIENTS)]
        for watcher in watchers:
            assert isinstance(watcher.receive(), DeviceState)
        late = RawClient(path)
        refusal = late.receive()
        assert isinstance(refusal, Refused)
        assert str(MAX_CLIENTS) in refusal.reason
        assert late.receive() is None
        for client in (*watchers, late):
            client.close()


def test_a_stop_reaches_the_runner_within_a_look_round(path: Path) -> None:
    """A thread polls as the runner does but faster, so that what is measured is the socket's way.

    The median of many, since a busy machine may hold up any single one.
    """
    clock = MonotonicClock()
    took_ms = []
    with counter_at(path) as counter, ControlClient(path) as client:
        counter.begin()
        for _ in range(50):
            arrived_ns: list[int] = []

            def take(arrived_ns: list[int] = arrived_ns) -> None:
                deadline_ns = clock.now_ns() + 5 * NS_PER_S
                while not counter.desk.take_commands() and clock.now_ns() < deadline_ns:
                    clock.sleep_until_ns(clock.now_ns() + NS_PER_MS // 5)
                arrived_ns.append(clock.now_ns())

            runner = threading.Thread(target=take)
            runner.start()
            sent_ns = clock.now_ns()
            assert client.ask(Stop()) == Ok()
            runner.join()
            took_ms.append((arrived_ns[0] - sent_ns) / NS_PER_MS)
    assert statistics.median(took_ms) < 20


# --- the socket's place ---------------------------------------------------------------------


def test_what_a_dead_engine_left_is_taken_away(path: Path) -> None:
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(path))
    left.close()
    with counter_at(path), ControlClient(path) as client:
        assert isinstance(client.next_event(5), DeviceState)


def test_a_second_engine_is_refused_and_the_first_goes_on(path: Path) -> None:
    with counter_at(path), ControlClient(path) as client:
        with pytest.raises(ControlError, match="already"):
            Counter(path).server.start()
        assert client.ask(HOLD) == Ok()


def test_a_file_in_the_way_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(ControlError, match="no socket"):
        Counter(path).server.start()
    assert path.read_text() == "mine"


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match=r"cannot be made.*--socket"):
        Counter(tmp_path / ("x" * 120)).server.start()


def test_nobody_there_is_one_sentence(path: Path) -> None:
    with pytest.raises(ControlError, match="andante serve"):
        ControlClient(path)


def test_an_engine_that_goes_is_noticed(path: Path) -> None:
    with counter_at(path):
        client = ControlClient(path)
        wait_for(client, DeviceState)
    with pytest.raises(ControlError, match="connect again"):
        client.next_event(5)
    client.close()


def test_a_silent_engine_is_given_up(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        client = ControlClient(path)
        assert client.next_event(0.05) is None
        with pytest.raises(ControlError, match="no answer"):
            client.ask(Stop(), timeout_s=0.05)


def test_an_unknown_message_is_one_sentence(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        client = ControlClient(path)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(msgspec.json.encode({"message": "from the future"}) + b"\n")
            with pytest.raises(ControlError, match="same version"):
                client.next_event(5)
        client.close()
