"""Who asks, and what they may."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard


class Role(StrEnum):
    """What somebody may do.

    A tablet that a patient holds has a role of its own: it shows one exercise, starts and stops it
    and takes self-reports, and sees nothing else.
    """

    THERAPIST = "therapist"
    CLINICIAN = "clinician"
    ADMINISTRATOR = "administrator"
    PATIENT_VIEW = "patient-view"


PEOPLE = (Role.THERAPIST, Role.CLINICIAN, Role.ADMINISTRATOR)
"""The roles a person can be given."""


@dataclass(frozen=True)
class Principal:
    """A person, or a program with a token, as known to a request.

    `name` is a user's or a token's; `key` tells one login or token from another; `patient_code`
    is what a patient's tablet is bound to; `address` is where the request came from, for the audit
    trail of what is done away from the request.
    """

    user_id: str
    name: str
    role: Role
    key: str
    by_token: bool = False
    patient_code: str | None = None
    address: str | None = None
    must_change_password: bool = False
    must_set_second_factor: bool = False

    @property
    def has_steps_to_go(self) -> bool:
        """Logged in, but first has to put the account in order, and can do nothing else."""
        return self.must_change_password or self.must_set_second_factor


class AccountStepsToGo(PermissionDeniedException):
    """A new password, or a second factor, comes before everything else."""


def requires(*roles: Role, with_steps_to_go: bool = False) -> Guard:
    """A guard: only these roles come in. Raises 401 for nobody, 403 for somebody else.

    `with_steps_to_go`: also those who have to put their account in order first.
    """

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        principal = principal_of(connection)
        if principal is None:
            raise NotAuthorizedException("Log in first.")
        if principal.role not in roles:
            raise PermissionDeniedException(
                f"This is not for the role {principal.role}; ask an administrator."
            )
        if principal.has_steps_to_go and not with_steps_to_go:
            raise AccountStepsToGo(
                "Put your account in order first: go to your account and do what it asks."
            )

    return guard


anyone_logged_in: Callable[..., Any] = requires(*PEOPLE)


def principal_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal | None:
    """Who asks; None where nobody is logged in."""
    found: Principal | None = connection.scope.get("user")
    return found
