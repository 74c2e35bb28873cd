"""How a page is made: one place for what every template gets."""

from typing import Any

from litestar import Request
from litestar.plugins.flash import flash
from litestar.response import Redirect, Template
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from andante_host.console.principal import Role, principal_of
from andante_host.console.services import services_of

AnyRequest = Request[Any, Any, Any]

HOME = {
    Role.THERAPIST: "/patients",
    Role.CLINICIAN: "/sessions",
    Role.ADMINISTRATOR: "/admin",
    Role.PATIENT_VIEW: "/exercise",
}
"""Where each role begins."""


def page(
    request: AnyRequest, template: str, status_code: int = HTTP_200_OK, **context: Any
) -> Template:
    """A page from a template, which also gets `principal`, `settings` and `here` (the path)."""
    return Template(
        template_name=template,
        status_code=status_code,
        context={
            "principal": principal_of(request),
            "settings": services_of(request).settings,
            "here": request.url.path,
            **context,
        },
    )


def go_to(path: str) -> Redirect:
    """After a change: look at `path`, so that reloading does not repeat the change."""
    return Redirect(path, status_code=HTTP_303_SEE_OTHER)


def say(request: AnyRequest, sentence: str, bad: bool = False) -> None:
    """A sentence at the head of the next page."""
    flash(request, sentence, category="bad" if bad else "good")
