"""People who use the page in the tests, and how each of them logs in."""

from dataclasses import dataclass, field

import pyotp
from playwright.sync_api import expect

from andante.timebase import MonotonicClock
from andante_host.console.principal import Role
from andante_host.console.services import Services
from support.browser import Visitor

PASSWORD = "a slow walk in the park"


@dataclass
class Person:
    """A user with a phone in the pocket. `secret`: what its authenticator app keeps."""

    name: str
    role: Role
    secret: str = field(default_factory=pyotp.random_base32)
    password: str = PASSWORD
    _used_step: int = 0

    def code(self) -> str:
        """Six digits that have not been used yet, as the phone shows them or will in a moment."""
        totp = pyotp.TOTP(self.secret)
        now_step = totp.timecode(MonotonicClock().utc_now())
        step = max(now_step, self._used_step + 1)
        assert step <= now_step + 1, "three logins within half a minute; let two people share them"
        self._used_step = step
        return totp.generate_otp(step)

    def add_to(self, services: Services) -> None:
        """Make the user, with the second factor set up."""
        user = services.users.add(self.name, self.role, self.password, must_change_password=False)
        services.users.set_second_factor(user.user_id, self.secret, used_step=0)

    def log_in(self, visitor: Visitor) -> None:
        """With name, password and code, as the forms ask for them."""
        page = visitor.go("/login")
        page.get_by_label("Name").fill(self.name)
        page.get_by_label("Password").fill(self.password)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(f"{visitor.origin}/login/second-factor")
        page.get_by_role("textbox").fill(self.code())
        page.locator("main form button").first.click()
        expect(page.locator("form[action='/logout'] button")).to_be_attached()
