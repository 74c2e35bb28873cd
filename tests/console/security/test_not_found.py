"""An address that leads nowhere."""

from andante_host.console.principal import Role
from support.console import Visitor


def test_who_is_logged_in_can_go_on_from_it_and_log_out(visitor: Visitor) -> None:
    visitor.log_in(Role.THERAPIST)
    answer = visitor.get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "<h1>No such page</h1>" in answer.text
    assert 'href="/patients"' in answer.text
    assert visitor.csrf_token("/nowhere/at/all")
    deep = visitor.get("/patients/P-1/nowhere/at/all")
    assert deep.status_code == 404
    assert 'href="/"' in deep.text


def test_a_stranger_learns_no_more(visitor: Visitor) -> None:
    answer = visitor.get("/nowhere")
    assert answer.status_code == 404
    assert 'href="/patients"' not in answer.text
