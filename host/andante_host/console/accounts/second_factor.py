"""The second factor: six digits that change every 30 s (TOTP, RFC 6238), by pyotp."""

from datetime import datetime

import pyotp
import segno
from pyotp.utils import strings_equal

_ISSUER = "Andante"
_STEPS_BESIDE = (0, -1, 1)
"""A code of the step before or after is taken too: clocks differ and people type slowly."""
_QR_SCALE = 4
_GROUP_CHARS = 4


def new_secret() -> str:
    """160 random bits as base 32."""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, now: datetime, after_step: int = 0) -> int | None:
    """The step (of 30 s) whose code this is, later than `after_step`; None where it is none's.

    Whoever takes a code keeps its step as the next `after_step`, so that it opens nothing twice.
    """
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    here = totp.timecode(now)
    for beside in _STEPS_BESIDE:
        step = here + beside
        if step > after_step and strings_equal(totp.generate_otp(step), digits):
            return step
    return None


def in_groups(secret: str) -> str:
    """To be typed by hand."""
    starts = range(0, len(secret), _GROUP_CHARS)
    return " ".join(secret[start : start + _GROUP_CHARS] for start in starts)


def qr_svg(secret: str, user_name: str) -> str:
    """What an authenticator app reads with its camera: SVG markup without script or style."""
    address = pyotp.TOTP(secret).provisioning_uri(name=user_name, issuer_name=_ISSUER)
    # Dark on light with its quiet zone, whatever the page's colours: else it cannot be read.
    return segno.make_qr(address).svg_inline(
        scale=_QR_SCALE, dark="#000", light="#fff", title="For an authenticator app"
    )
