"""Command lines whose errors are one plain sentence."""

import importlib
import logging
import os
from collections.abc import Mapping
from typing import Any

import click

from andante.errors import AndanteError

DEBUG_VARIABLE = "ANDANTE_DEBUG"
log = logging.getLogger(__name__)


class PlainGroup(click.Group):
    """A group of commands that never shows a traceback, and loads a command when it is asked for.

    An `AndanteError` is printed as it is. Anything else is a defect of ours: it is named in one
    sentence, and shown whole where ANDANTE_DEBUG is set. Both exit with 1.
    """

    def __init__(self, *args: Any, elsewhere: Mapping[str, str] | None = None, **kwargs: Any):
        """`elsewhere`: commands by name that stand in modules of their own, `module:command`."""
        super().__init__(*args, **kwargs)
        self._elsewhere = dict(elsewhere or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names in order."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name."""
        place = self._elsewhere.get(name)
        if place is None:
            return super().get_command(ctx, name)
        module, _, command = place.partition(":")
        found: click.Command = getattr(importlib.import_module(module), command)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        logging.basicConfig(
            level=logging.DEBUG if os.environ.get(DEBUG_VARIABLE) else logging.CRITICAL,
            format="%(asctime)s %(name)s %(message)s",
        )
        try:
            return super().invoke(ctx)
        except AndanteError as error:
            raise click.ClickException(str(error)) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"This needs {error.name}, which is not installed; install it with "
                "`pip install 'andante[pi,host]'`."
            ) from error
        except Exception as error:
            if os.environ.get(DEBUG_VARIABLE):
                raise
            raise click.ClickException(
                f"Something unexpected went wrong ({type(error).__name__}: {error}); run it again "
                f"with {DEBUG_VARIABLE}=1 and send what it prints to the maintainers."
            ) from error
