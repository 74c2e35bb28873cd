"""How the audit trail names what somebody asks of the device."""

from andante.commands import AnyCommand, NudgeTempo, SelfReport, Unlock


def words_of_start(exercise: str, title: str, simulated: bool) -> str:
    """A start's detail: which plan, and whether on a simulated patient."""
    words = exercise, title, "simulated patient" if simulated else ""
    return ", ".join(word for word in words if word)


def words_of(command: AnyCommand) -> tuple[str, str]:
    """A command as the audit trail names it, and its detail. A note's words are in its file."""
    name = str(command.__struct_config__.tag).replace("_", " ")
    match command:
        case NudgeTempo():
            return name, f"{command.percent:+g} %"
        case Unlock():
            return name, command.reason
        case SelfReport():
            return name, f"{command.moment}, {command.item}"
    return name, ""
