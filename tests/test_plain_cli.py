"""No command shows a traceback."""

import click
import pytest
from click.testing import CliRunner

from andante.errors import AndanteError
from andante.plain_cli import DEBUG_VARIABLE, PlainGroup


@click.group(cls=PlainGroup)
def group() -> None:
    pass


@group.command()
@click.argument("what")
def fail(what: str) -> None:
    if what == "sentence":
        raise AndanteError("The port is gone; plug it in again.")
    if what == "library":
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy")
    raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("sentence", "Error: The port is gone; plug it in again.\n"),
        ("library", "This needs scipy, which is not installed"),
        ("defect", "Something unexpected went wrong (ZeroDivisionError: division by zero)"),
    ],
)
def test_every_failure_is_a_sentence(what: str, says: str) -> None:
    result = CliRunner().invoke(group, ["fail", what])
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_defect_is_shown_whole_to_those_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    result = CliRunner().invoke(group, ["fail", "defect"])
    assert isinstance(result.exception, ZeroDivisionError)
