"""The median, quick to start. Pure."""

import numpy as np
import numpy.typing as npt


def median(values: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> float:
    """The median of `values`, shape (n,), n >= 1; NaN where one of them is.

    numpy's own `median` first imports `numpy.ma`, which would be a tenth of the time that
    `andante-host metrics` takes.
    """
    return float(np.percentile(values, 50))
