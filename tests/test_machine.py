"""Which computer it is, by its device tree or its architecture."""

from pathlib import Path

from andante.machine import machine_by


def test_the_machine_is_named_by_its_device_tree_or_its_architecture(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    pi = machine_by(model, "aarch64")
    assert (pi.name, pi.is_raspberry_pi) == ("Raspberry Pi 4 Model B Rev 1.4", True)
    other = machine_by(tmp_path / "none", "x86_64")
    assert (other.name, other.is_raspberry_pi) == ("x86_64", False)
