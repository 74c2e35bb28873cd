"""Every picture as a PNG and as the CSV of what it shows."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from andante.errors import AndanteError
from andante_host.report.plots.style import Picture

PNG_DPI = 200


def write_plots(shown: Sequence[Picture], folder: Path, stem: str) -> list[Path]:
    """Write STEM-NAME.png and STEM-NAME.csv of every picture into `folder`, which may be new.

    What a picture does not know is empty in the CSV; numbers have a point and all their digits.
    To be called inside `plots.style.style()`. Returns what was written. Raises AndanteError.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for picture in shown:
            png, table = (folder / f"{stem}-{picture.name}.{kind}" for kind in ("png", "csv"))
            picture.figure.savefig(png, dpi=PNG_DPI, facecolor="white")
            with table.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(picture.table)
                columns = [np.asarray(column).tolist() for column in picture.table.values()]
                for row in zip(*columns, strict=True):
                    writer.writerow(["" if _unknown(value) else value for value in row])
            written += [png, table]
    except OSError as error:
        raise AndanteError(
            f"The pictures cannot be written to {folder}: {error.strerror}; choose another folder."
        ) from None
    return written


def _unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
