"""The waiting engine is asked for sessions: over its real socket, and by its button."""

from pathlib import Path
from typing import Any

import pytest

from andante.commands import Stop
from andante.control import (
    ControlClient,
    ControlError,
    DeviceState,
    Doing,
    LiveProgress,
    Notice,
    Ok,
    Refused,
    SessionEnded,
    SessionStarted,
    Start,
)
from andante.engine import RunOptions
from andante.errors import BoardError
from andante.notify import Notifier
from andante.plan import parse_plan
from andante.serve import Engine, ServeSettings
from andante.session.runner import FINISHED, STOPPED
from support.control import HOLD, wait_for
from support.serve import WALK, Rig, progress, tick

TAP = 'exercise = "tap"\n[tap]\ntempo_bpm = 120\n'


def refusal(client: ControlClient, start: Start) -> str:
    answer = client.ask(start)
    assert isinstance(answer, Refused)
    return answer.reason


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


# --- asking for sessions --------------------------------------------------------------------


def test_sessions_run_one_after_another(rig: Rig, tmp_path: Path) -> None:
    with rig.serving() as client:
        assert client.ask(HOLD) == Ok()
        for _ in range(2):
            assert client.ask(Start(plan=WALK, attended=True)) == Ok()
            assert wait_for(client, Notice).text == "The sound device is missing."
            assert wait_for(client, SessionStarted).patient_code == "P7"
            assert wait_for(client, LiveProgress).left_s == 9.0
            assert client.ask(Stop()) == Ok()
            ended = wait_for(client, SessionEnded)
            assert (ended.path, ended.end_reason) == ("/sessions/1.andante", STOPPED)
            assert wait_for(client, DeviceState).doing is Doing.WAITING
    plan, options = rig.sessions.asked[0]
    assert plan.patient_code == "P7"
    assert options == RunOptions(
        port="/dev/board", out_dir=tmp_path, music_dir=tmp_path / "prepared"
    )
    assert len(rig.sessions.asked) == 2


def test_a_walk_on_a_real_board_needs_someone_beside_the_patient(rig: Rig) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        assert "beside the patient" in refusal(client, Start(plan=WALK))
        assert client.ask(Start(plan=WALK, simulated_patient=True, seed=5)) == Ok()
        wait_for(client, SessionStarted)
    options = rig.sessions.asked[0][1]
    assert options.simulated_patient
    assert options.seed == 5
    assert options.port is None


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"walk": {"tempo_spm": 500, "cued_minutes": 1}}, "walk.tempo_spm"),
        ({"walk": {"tempo_spm": 100, "cued_minutes": 1, "tempo_percent_of_baseline": 105}}, "two"),
        ({"exercise": "fly"}, "exercise"),
        ({"walk": None}, "walk"),
        ({"patient_code": 'P7"\n[walk]\ntempo_spm = 60'}, "patient_code"),
        ({"walk": [None]}, "a table with"),
    ],
)
def test_a_plan_that_is_not_allowed_is_refused(
    rig: Rig, change: dict[str, Any], names: str
) -> None:
    with rig.serving() as client:
        client.ask(HOLD)
        reason = refusal(client, Start(plan={**WALK, **change}, attended=True))
        assert names in reason
        assert reason.endswith(".")
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        wait_for(client, SessionStarted)
    assert len(rig.sessions.asked) == 1


def test_without_a_board_only_simulated_patients_walk(tmp_path: Path) -> None:
    rig = Rig(tmp_path, port=None)
    with rig.serving() as client:
        client.ask(HOLD)
        assert "--port" in refusal(client, Start(plan=WALK, attended=True))
        assert client.ask(Start(plan=WALK, simulated_patient=True)) == Ok()
        wait_for(client, SessionStarted)


@pytest.mark.parametrize(
    ("failure", "said"),
    [(BoardError("The board is silent."), "The board is silent."), (KeyError("x"), "KeyError")],
)
def test_a_session_that_breaks_off_leaves_the_engine_serving(
    rig: Rig, failure: Exception, said: str
) -> None:
    rig.sessions.failure = failure
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        ended = wait_for(client, SessionEnded)
        assert ended.path is None
        assert said in ended.end_reason
        rig.sessions.failure = None
        while wait_for(client, DeviceState).doing is not Doing.WAITING:
            pass
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        wait_for(client, SessionStarted)


def test_a_second_engine_says_so_in_one_sentence(rig: Rig, tmp_path: Path) -> None:
    with rig.serving(), pytest.raises(ControlError, match="already"):
        Engine(ServeSettings(socket_path=rig.path, out_dir=tmp_path), Notifier()).run()


# --- the button -----------------------------------------------------------------------------


def test_the_button_starts_its_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, button_plan=parse_plan(TAP))
    with rig.serving() as client:
        rig.button.press()
        assert wait_for(client, SessionStarted).exercise == "tap"
        rig.sessions.finish.set()
        assert wait_for(client, SessionEnded).end_reason == FINISHED
        while rig.button.in_session:
            tick()
        rig.button.press()
        wait_for(client, SessionStarted)


def test_the_button_stops_a_session_that_somebody_else_holds(rig: Rig) -> None:
    rig.sessions.script = [progress(9.0, paused=True)]
    with rig.serving() as client:
        client.ask(HOLD)
        client.ask(Start(plan=WALK, attended=True))
        assert wait_for(client, LiveProgress).paused
        assert rig.button.is_paused()
        rig.button.press()
        assert wait_for(client, SessionEnded).end_reason == STOPPED
    assert rig.sessions.taken == [Stop(source="button")]


def test_the_button_starts_nothing_while_the_device_is_held(tmp_path: Path) -> None:
    rig = Rig(tmp_path, button_plan=parse_plan(TAP))
    with rig.serving() as client:
        client.ask(HOLD)
        rig.button.press()
        assert "held" in wait_for(client, Notice).text
        assert client.ask(Start(plan=WALK, attended=True)) == Ok()
        assert wait_for(client, SessionStarted).exercise == "walk"


def test_a_walk_by_button_needs_the_promise_that_someone_is_there(tmp_path: Path) -> None:
    plan = parse_plan('exercise = "walk"\n[walk]\nbaseline_s = 30\n')
    with pytest.raises(ControlError, match="beside the patient"):
        Rig(tmp_path, button_plan=plan)
    Rig(tmp_path, button_plan=plan, button_attended=True)
