"""Intervals that vary as healthy strides do: with 1/f correlation. Pure."""

import numpy as np
import numpy.typing as npt


def fractal_deviations(count: int, seed: int, largest_step: float) -> npt.NDArray[np.float64]:
    """A sequence of shape (count,) with power spectrum 1/f, mean 0 and SD 1 (ddof 0).

    Spectral synthesis (Saupe 1988): every frequency of the discrete Fourier transform gets an
    amplitude of f to the power -1/2 and a random phase, so that the spectral exponent is 1 by
    construction. No value is more than `largest_step` from the one before or from 0: the few
    larger ones are drawn in. Raises ValueError for fewer than two values or a step that is not
    positive.
    """
    if count < 2 or not largest_step > 0:
        raise ValueError(f"needs two values and a step above zero, not {count}, {largest_step}")
    random = np.random.default_rng(seed)
    frequencies = np.fft.rfftfreq(count)
    amplitudes = np.zeros(frequencies.size)
    amplitudes[1:] = frequencies[1:] ** -0.5
    phases_rad = random.uniform(0, 2 * np.pi, frequencies.size)
    values = np.fft.irfft(amplitudes * np.exp(1j * phases_rad), count)
    values /= values.std()
    drawn_in = np.clip(values, -largest_step, largest_step)
    for place in range(1, count):
        before = drawn_in[place - 1]
        drawn_in[place] = np.clip(drawn_in[place], before - largest_step, before + largest_step)
    return drawn_in
