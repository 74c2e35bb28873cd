"""What may be asked and by whom: requests as lines, and the desk that answers them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.commands import (
    AnyCommand,
    Dizzy,
    Item,
    Moment,
    Note,
    NudgeTempo,
    Pause,
    Resume,
    SelfReport,
    Stop,
    Unlock,
)
from andante.control import (
    MAX_LINE_BYTES,
    Answer,
    AnyRequest,
    CommandDone,
    ControlError,
    DeviceState,
    Doing,
    Event,
    LineBuffer,
    Notice,
    Ok,
    Refused,
    Release,
    Start,
    decode_request,
    encode_line,
)
from andante.control_desk import MAX_WAITING_COMMANDS, Desk
from support.control import HOLD, PLAN, pure

COMMANDS: list[AnyCommand] = [
    Stop(source="button"),
    Pause(),
    Resume(),
    NudgeTempo(percent=-2.5),
    Unlock(role="therapist", reason="asked for, steady for weeks"),
    Note(role="therapist", text="two lines\nand ünïcode"),
    SelfReport(moment=Moment.AFTER, item=Item.EFFORT, score=7),
    Dizzy(),
]


# --- lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_", [*COMMANDS, HOLD, Release(), Start(plan=PLAN)], ids=lambda r: type(r).__name__
)
def test_every_request_survives_its_line(request_: AnyRequest) -> None:
    line = encode_line(request_)
    assert line.count(b"\n") == 1
    assert decode_request(line) == request_


def test_a_person_can_type_a_command() -> None:
    assert decode_request(b'{"command": "stop"}') == Stop(source="page")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (b"", "truncated"),
        (b"stop", "malformed"),
        (b"\xff\xfe", "malformed|utf-8|Invalid"),
        (b"[]", "object"),
        (b"{}", "command"),
        (b'{"command": "explode"}', "explode"),
        (b'{"command": "nudge_tempo", "percent": 21}', "percent"),
        (b'{"command": "nudge_tempo", "percent": null}', "percent"),
        (b'{"command": "stop", "now": true}', "now"),
        (b'{"command": "note", "role": "x", "text": ""}', "text"),
        (b'{"command":"start","plan":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "understood"),
    ],
)
def test_a_bad_line_is_answered_with_one_sentence(line: bytes, names: str) -> None:
    with pytest.raises(ControlError, match=names) as caught:
        decode_request(line)
    assert "\n" not in str(caught.value)


@pure
@given(st.binary(max_size=300))
def test_no_line_makes_anything_but_a_control_error(line: bytes) -> None:
    with pytest.raises(ControlError, match=r"(?s)\.$"):
        decode_request(b"?" + line)


@pure
@given(st.lists(st.binary(max_size=50).filter(lambda b: b"\n" not in b)), st.data())
def test_lines_are_the_same_however_the_bytes_are_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    buffer, found = LineBuffer(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += buffer.take(stream[begin:end])
    assert found == lines


def test_an_overlong_line_is_let_go_and_the_next_one_read() -> None:
    buffer = LineBuffer()
    assert buffer.take(b"x" * MAX_LINE_BYTES) == []
    assert buffer.take(b"x") == []
    assert buffer.take(b"more\nnext\n") == [None, b"next"]
    assert buffer.take(b"y" * MAX_LINE_BYTES + b"\n") == [b"y" * MAX_LINE_BYTES]


# --- the desk -------------------------------------------------------------------------------


class Front:
    """A desk without a socket."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.starts: list[Start] = []
        self.desk = Desk(self.starts.append, self.told.append)

    def ask(self, client: int, request: AnyRequest) -> Answer:
        return self.desk.answer(client, encode_line(request))

    def refusal(self, client: int, request: AnyRequest) -> str:
        answer = self.ask(client, request)
        assert isinstance(answer, Refused)
        return answer.reason


@pytest.fixture
def front() -> Front:
    return Front()


def test_nothing_is_commanded_without_taking_the_device(front: Front) -> None:
    assert "hold" in front.refusal(1, Start(plan=PLAN))
    front.desk.tell_session(Doing.RUNNING, "walk", "P7", False)
    assert "hold" in front.refusal(1, Pause())
    assert front.desk.take_commands() == []
    assert front.starts == []


def test_one_holds_the_device_and_the_other_is_told_who_and_why(front: Front) -> None:
    assert front.ask(1, HOLD) == Ok()
    for request in (HOLD, Release(), Start(plan=PLAN), NudgeTempo(percent=2)):
        reason = front.refusal(2, request)
        assert "therapist" in reason
        assert "tablet 2" in reason
        assert "walk with P7" in reason
    state = front.told[-1]
    assert isinstance(state, DeviceState)
    assert state.holder is not None
    assert state.holder.reason == "walk with P7"
    front.desk.leave(2)
    assert front.desk.state.holder is not None
    assert front.ask(1, Release()) == Ok()
    assert front.ask(2, HOLD) == Ok()


def test_a_lost_connection_gives_the_device_back_and_the_session_goes_on(front: Front) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    front.desk.tell_session(Doing.RUNNING, "walk", "P7", False)
    front.desk.leave(1)
    assert front.desk.state.holder is None
    assert front.desk.state.doing is Doing.RUNNING
    assert front.desk.take_commands() == []
    assert front.ask(2, HOLD) == Ok()
    assert front.ask(2, Pause()) == Ok()


@pytest.mark.parametrize("request_", [Stop(), Dizzy()], ids=["stop", "dizzy"])
def test_anyone_may_end_a_session(front: Front, request_: Stop | Dizzy) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    assert front.ask(2, request_) == Ok()
    assert front.desk.take_commands() == [request_]


def test_commands_reach_the_runner_in_order_and_once(front: Front) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    for command in COMMANDS:
        assert front.ask(1, command) == Ok()
    assert front.desk.take_commands() == COMMANDS
    assert front.desk.take_commands() == []


def test_one_session_at_a_time(front: Front) -> None:
    front.ask(1, HOLD)
    assert front.ask(1, Start(plan=PLAN)) == Ok()
    assert front.starts == [Start(plan=PLAN)]
    assert "under way" in front.refusal(1, Start(plan=PLAN))
    assert not front.desk.begin_without_client()
    assert len(front.starts) == 1
    front.desk.end_session()
    assert front.ask(1, Start(plan=PLAN)) == Ok()


def test_a_start_that_is_refused_leaves_the_engine_waiting(front: Front) -> None:
    def refuse(_: Start) -> None:
        raise ControlError("No board.")

    desk = Desk(refuse, front.told.append)
    desk.answer(1, encode_line(HOLD))
    assert desk.answer(1, encode_line(Start(plan=PLAN))) == Refused(reason="No board.")
    assert desk.state.doing is Doing.WAITING


def test_the_button_starts_nothing_while_the_device_is_held(front: Front) -> None:
    front.ask(1, HOLD)
    assert not front.desk.begin_without_client()
    front.ask(1, Release())
    assert front.desk.begin_without_client()
    assert not front.desk.begin_without_client()


def test_a_command_without_a_session_is_refused(front: Front) -> None:
    assert "No session" in front.refusal(1, Stop())
    front.ask(1, HOLD)
    assert "No session" in front.refusal(1, Pause())


def test_a_command_that_came_too_late_is_named(front: Front) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    front.ask(1, NudgeTempo(percent=2))
    front.desk.end_session()
    assert front.desk.take_commands() == []
    done, notice = front.told[-2:]
    assert isinstance(done, CommandDone)
    assert done.command == NudgeTempo(percent=2)
    assert isinstance(notice, Notice)
    assert done.refusal == notice.text
    assert "nudge_tempo" in notice.text
    assert front.desk.state.holder is not None


def test_a_flood_of_commands_is_refused_and_not_kept(front: Front) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    for _ in range(MAX_WAITING_COMMANDS):
        assert front.ask(1, Pause()) == Ok()
    assert "Too many" in front.refusal(1, Pause())
    assert len(front.desk.take_commands()) == MAX_WAITING_COMMANDS
    assert front.ask(1, Pause()) == Ok()


def test_a_stop_finds_its_way_past_a_flood(front: Front) -> None:
    front.ask(1, HOLD)
    front.ask(1, Start(plan=PLAN))
    for _ in range(MAX_WAITING_COMMANDS + 1):
        front.ask(1, Pause())
    assert front.ask(2, Stop()) == Ok()
    assert front.desk.take_commands()[-1] == Stop()
