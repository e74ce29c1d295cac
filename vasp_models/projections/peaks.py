"""Where on a map the films of a genre gather: the places for their names."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_CELLS = 48  # of the map's longer side
_SMOOTH = 1.6  # cells, standard deviation
_APART = 7  # cells within which only the highest peak counts


def density_peaks(places: np.ndarray, members: np.ndarray, most: int = 3) -> tuple[np.ndarray, float]:
    """The places where the films of a genre are densest and most among themselves, best first.

    `places` float (n, 2), `members` bool (n). Returns float64 (at most `most`, 2) in the map's coordinates, and the
    share of the genre's weight at the best of them (0 where no film is a member): large for a genre that lies together.
    """
    if not members.any():
        return np.empty((0, 2)), 0.0
    low = places.min(axis=0)
    size = float(max((places.max(axis=0) - low).max(), 1e-12))
    edges = [start + size * np.linspace(0, 1, _CELLS + 1) for start in low]
    everyone, own = (_density(places[rows], edges) for rows in (slice(None), members))
    height = own * own / np.maximum(everyone, 1e-12)  # density, times the share of the films there that are members
    peaks = np.argwhere((height == ndimage.maximum_filter(height, _APART)) & (height > 0.15 * height.max()))
    peaks = peaks[np.argsort(-height[tuple(peaks.T)], kind="stable")][:most]
    centres = low + size * (peaks + 0.5) / _CELLS
    return centres, float(height.max() / own.sum())


def _density(places: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    counts, *_ = np.histogram2d(places[:, 0], places[:, 1], bins=edges)
    return ndimage.gaussian_filter(counts, _SMOOTH, mode="constant")
