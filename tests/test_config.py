"""The device file: where it is, what it says when it cannot be understood, and that it is whole."""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andante.config import (
    ConfigError,
    DeviceConfig,
    OutputLatency,
    config_path,
    load_config,
    save_config,
)

LATENCY = OutputLatency(
    output="sound",
    device="ALSA hifiberry, 48000 Hz",
    machine="Raspberry Pi 4 Model B Rev 1.4",
    latency_ms=1.75,
    latency_sd_ms=0.04,
    latency_mad_ms=0.03,
    heard_count=50,
    missed_count=0,
    measured_utc=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ANDANTE_CONFIG": "/etc/a.toml", "XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/etc/a.toml"),
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/andante/device.toml"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}, "/h/.config/andante/device.toml"),
        ({"XDG_CONFIG_HOME": "", "HOME": "/h"}, "/h/.config/andante/device.toml"),
        ({"ANDANTE_CONFIG": "", "HOME": "/h"}, "/h/.config/andante/device.toml"),
    ],
)
def test_where_the_file_is(environment: dict[str, str], expected: str) -> None:
    assert config_path(environment) == Path(expected)


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path / "none.toml") == DeviceConfig()


names = st.text(min_size=1, max_size=40)
latencies = st.builds(
    OutputLatency,
    output=names,
    device=names,
    machine=names,
    latency_ms=st.floats(-100, 100),
    latency_sd_ms=st.floats(0, 10),
    latency_mad_ms=st.floats(0, 10),
    heard_count=st.integers(0, 1000),
    missed_count=st.integers(0, 1000),
    measured_utc=st.datetimes(timezones=st.just(UTC)),
)
configs = st.builds(
    DeviceConfig,
    sound_device=st.none() | names,
    board_port=st.none() | names,
    latencies=st.lists(latencies, max_size=4).map(tuple),
)


@given(config=configs)
def test_what_is_saved_is_what_is_loaded(
    config: DeviceConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("config") / "new" / "device.toml"
    save_config(path, config)
    assert load_config(path) == config
    assert list(path.parent.iterdir()) == [path]


def test_a_new_measurement_takes_the_place_of_the_old_one_of_the_same_device() -> None:
    again = msgspec.structs.replace(LATENCY, latency_ms=2.0)
    other_rate = msgspec.structs.replace(LATENCY, device="ALSA hifiberry, 44100 Hz")
    config = DeviceConfig().with_latency(LATENCY).with_latency(other_rate).with_latency(again)
    assert config.latencies == (other_rate, again)
    found = config.latency_of("sound", LATENCY.device, LATENCY.machine)
    assert found == again


@pytest.mark.parametrize("field", ["output", "device", "machine"])
def test_another_output_device_or_machine_is_not_calibrated(field: str) -> None:
    config = DeviceConfig().with_latency(LATENCY)
    asked = {"output": "sound", "device": LATENCY.device, "machine": LATENCY.machine}
    assert config.latency_of(**asked) is not None
    assert config.latency_of(**{**asked, field: "another"}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sound_device = ", "Invalid"),
        ("colour = 'red'", "colour"),
        ("board_port = 3", "board_port"),
        ("[[latencies]]\noutput = 'sound'", "missing required field"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as error:
        load_config(path)
    assert str(path) in str(error.value)
    assert "calibrate" in str(error.value)


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0"])
def test_a_spread_that_is_no_spread_is_refused(value: str, tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    save_config(path, DeviceConfig().with_latency(LATENCY))
    path.write_text(path.read_text().replace("latency_sd_ms = 0.04", f"latency_sd_ms = {value}"))
    with pytest.raises(ConfigError, match="latency_sd_ms"):
        load_config(path)


def test_a_file_that_may_not_be_read_or_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "binary")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "device.toml"
    save_config(path, DeviceConfig(board_port="/dev/ttyUSB0"))
    before = path.read_bytes()

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        save_config(path, DeviceConfig(board_port="/dev/ttyUSB1"))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_on_the_disk_before_it_has_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "device.toml"
    synced: list[tuple[bool, bool]] = []
    real = os.fsync

    def note(fd: int) -> None:
        is_folder = Path(f"/proc/self/fd/{fd}").resolve() == tmp_path.resolve()
        synced.append((is_folder, path.exists()))
        real(fd)

    monkeypatch.setattr(os, "fsync", note)
    save_config(path, DeviceConfig())
    assert synced == [(False, False), (True, True)]
