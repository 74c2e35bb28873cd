"""The line at the head of every page: what the device does, kept true while a page stays open."""

from litestar import get
from litestar.response import Template

from andante_host.console.pages import AnyRequest, page
from andante_host.console.principal import anyone_logged_in
from andante_host.console.security.sessions import BY_ITSELF


@get("/header/device", guards=[anyone_logged_in], opt=BY_ITSELF, sync_to_thread=False)
def device_badge(request: AnyRequest) -> Template:
    """The badge alone, for the page's script."""
    return page(request, "device_badge.html")
