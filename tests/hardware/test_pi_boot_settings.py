"""The boot settings of every Raspberry Pi, as text; nothing here has seen a real one."""

import pytest
from hardware.raspberry_pi.boot import (
    BEGIN,
    END,
    Dac,
    Model,
    model_of,
    settings_for,
    with_console,
    with_settings,
    without_console,
    without_settings,
)
from hardware.raspberry_pi.errors import InstallError
from hypothesis import given, settings
from hypothesis import strategies as st

from support.pi import COMMAND_LINE, CONFIG

DESCRIPTIONS = {
    "Raspberry Pi 3 Model B Rev 1.2": Model.PI_3,
    "Raspberry Pi 3 Model B Plus Rev 1.3": Model.PI_3,
    "Raspberry Pi 3 Model A Plus Rev 1.0": Model.PI_3,
    "Raspberry Pi Compute Module 3 Plus Rev 1.0": Model.PI_3,
    "Raspberry Pi 4 Model B Rev 1.5": Model.PI_4,
    "Raspberry Pi 400 Rev 1.0": Model.PI_4,
    "Raspberry Pi Compute Module 4 Rev 1.1": Model.PI_4,
    "Raspberry Pi 5 Model B Rev 1.0": Model.PI_5,
    "Raspberry Pi 500 Rev 1.0": Model.PI_5,
    "Raspberry Pi Compute Module 5 Rev 1.0": Model.PI_5,
    "Raspberry Pi Zero 2 W Rev 1.0": Model.ZERO_2,
}

pure = settings(deadline=None, max_examples=60)  # a busy machine is no finding


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_every_model_is_known_by_its_own_words(description: str) -> None:
    assert model_of(description) is DESCRIPTIONS[description]


@pytest.mark.parametrize(
    "description",
    ["Raspberry Pi Zero W Rev 1.1", "Raspberry Pi 2 Model B Rev 1.1", "Raspberry Pi 50", "PC", ""],
)
def test_other_computers_are_named(description: str) -> None:
    with pytest.raises(InstallError, match="--model"):
        model_of(description)


def test_the_settings_are_those_of_the_sources() -> None:
    header_uart = {"enable_uart=1", "dtoverlay=disable-bt"}
    assert set(settings_for(Model.PI_4, Dac.PCM5102A)) == header_uart | {
        "dtparam=spi=on",
        "dtoverlay=hifiberry-dac",
        "core_freq=500",
        "core_freq_min=500",
    }
    for model in (Model.PI_3, Model.ZERO_2):
        assert set(settings_for(model, Dac.NONE)) == header_uart | {
            "dtparam=spi=on",
            "core_freq=250",
        }
    assert set(settings_for(Model.PI_5, Dac.MAX98357A)) == {
        "dtparam=spi=on",
        "dtoverlay=max98357a",
        "dtoverlay=uart0-pi5",
    }


models = st.sampled_from(Model)
dacs = st.sampled_from(Dac)
lines = st.lists(
    st.one_of(
        st.sampled_from(["[all]", "[pi4]", "[cm4]", "", "dtparam=spi=off", "# note", END]),
        st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")),
    )
)
texts = st.builds(
    lambda parts, end, last: end.join([*parts, ""]) + last,
    lines,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "no end"]),
).filter(lambda text: BEGIN not in text)


@pure
@given(texts, models, dacs)
def test_everybody_elses_lines_survive_to_the_byte(text: str, model: Model, dac: Dac) -> None:
    inside = with_settings(text, settings_for(model, dac))
    assert inside.startswith(text)
    assert without_settings(inside) == text


@pure
@given(texts, models, models, dacs)
def test_installing_again_leaves_the_newest_settings_alone(
    text: str, first: Model, second: Model, dac: Dac
) -> None:
    once = with_settings(text, settings_for(second, dac))
    twice = with_settings(with_settings(text, settings_for(first, dac)), settings_for(second, dac))
    assert twice == once


@pure
@given(texts, texts, models)
def test_lines_written_after_ours_survive_and_mean_the_same(
    text: str, later: str, model: Model
) -> None:
    inside = with_settings(text, settings_for(model, Dac.NONE))
    left = without_settings(inside + later)
    assert section_of_lines(left) == section_of_lines(text, "\n", "[all]\n", later)


def section_of_lines(*pieces: str) -> list[tuple[str, str]]:
    """Every line that sets something, with the filter that it stands under."""
    section, found = "[all]", []
    for line in "".join(pieces).splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif line.strip():
            found.append((section, line))
    return found


def test_our_lines_hold_whatever_filter_stands_before_them() -> None:
    inside = with_settings(CONFIG, settings_for(Model.PI_4, Dac.PCM5102A))
    ours = [found for found in section_of_lines(inside) if found[1] == "core_freq=500"]
    assert ours == [("[all]", "core_freq=500")]


def test_a_torn_block_is_left_to_a_person() -> None:
    with pytest.raises(InstallError, match="by hand"):
        without_settings(f"{BEGIN}\ndtparam=spi=on\nmine=1\n")


OTHER_WORDS = ["console=tty1", "quiet", ""]
CONSOLES = ["console=serial0,115200", "console=ttyAMA0,115200", "console=ttyS0"]


@pure
@given(
    st.lists(st.sampled_from(OTHER_WORDS)),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(CONSOLES)), unique_by=lambda c: c[1]),
    st.sampled_from(Model),
    st.sampled_from(["\n", ""]),
)
def test_the_command_line_comes_back_as_it_was(
    others: list[str], consoles: list[tuple[int, str]], model: Model, end: str
) -> None:
    others = ["root=/dev/x", *others]
    words = list(others)
    for place, console in consoles:
        words.insert(place, console)
    text = " ".join(words) + end
    without, taken = without_console(text, model)
    assert "console=ttyAMA0" not in without
    left = [word for word in without.removesuffix("\n").split(" ") if word not in CONSOLES]
    assert [word for word in left if word] == [word for word in others if word]
    assert with_console(without, taken) == text


def test_the_console_leaves_the_header_but_not_the_connector_of_a_pi_5() -> None:
    assert without_console(COMMAND_LINE, Model.PI_3)[0].startswith("console=tty1 ")
    assert without_console(COMMAND_LINE, Model.PI_5)[0] == COMMAND_LINE
