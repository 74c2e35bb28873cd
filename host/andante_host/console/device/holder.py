"""Who holds the device, as people may know it."""

from dataclasses import dataclass

import msgspec

from andante_host.console.principal import Principal, Role

IN_USE = "The device is in use elsewhere, so nothing was started; call your therapist."


@dataclass(frozen=True)
class HeldBy:
    """Who holds the device, as people of this console may know it.

    `key` is the login's; None where it is no login of this console, but another program at the
    engine's socket, whose own label is then the name. `asked_by`: who would like to have it.
    """

    name: str
    role: str
    reason: str
    key: str | None = None
    user_id: str | None = None
    asked_by: str | None = None


def holder_as_json(holder: HeldBy | None, principal: Principal) -> str:
    """Who holds the device, as one's own page is told: never another's login key."""
    if holder is None:
        return '{"held":false}'
    return msgspec.json.encode(
        {
            "held": True,
            "mine": holder.key == principal.key,
            "may_take_over": may_take_over(principal, holder),
            "name": holder.name,
            "role": holder.role,
            "reason": holder.reason,
            "asked_by": holder.asked_by,
        }
    ).decode()


def may_take_over(principal: Principal, holder: HeldBy) -> bool:
    """Whether this principal may take the device from whoever has it: the same user elsewhere,
    or an administrator. What another program holds is not this console's to take.
    """
    if holder.key is None:
        return False
    return principal.role is Role.ADMINISTRATOR or principal.user_id == holder.user_id


def taken_by(holder: HeldBy, principal: Principal) -> str:
    """Why it cannot be taken or commanded now. Patients are not told of others."""
    if principal.role is Role.PATIENT_VIEW:
        return IN_USE
    return (
        f"The device is held by {holder.name}, {holder.role} ({holder.reason}); "
        "ask for it on the live page, or wait until it is released."
    )
