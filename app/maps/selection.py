"""A selection of films as short text: for a link a packed set of item numbers, for the maps one bit a row."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np

MOST_ITEMS = 2**21  # of a catalogue: what a link may unpack to is bounded


def encode(items: np.ndarray) -> str:
    """A set of item numbers as a word of an address; "" where it is empty."""
    if not len(items):
        return ""
    bits = np.zeros(int(np.max(items)) + 1, dtype=bool)
    bits[items] = True
    return base64.urlsafe_b64encode(zlib.compress(np.packbits(bits).tobytes(), 9)).decode().rstrip("=")


def decode(text: str, n_items: int) -> np.ndarray:
    """The item numbers below `n_items` in such a word, int64, ascending; none where the word is damaged."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacking = zlib.decompressobj()
        bits = unpacking.decompress(packed, MOST_ITEMS // 8)
    except (ValueError, binascii.Error, zlib.error):
        return np.empty(0, dtype=np.int64)
    if not unpacking.eof:  # cut off, or too large for any catalogue
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.unpackbits(np.frombuffer(bits, dtype=np.uint8))[:n_items])


def to_rows(items: np.ndarray, on_map: np.ndarray) -> str:
    """Selected item numbers as the bits of the rows of a map, base64; `on_map` int64 (n) are its item numbers."""
    chosen = np.isin(on_map, items)
    return base64.b64encode(np.packbits(chosen).tobytes()).decode() if chosen.any() else ""


def from_rows(text: str, on_map: np.ndarray) -> np.ndarray:
    """The item numbers whose rows are set, int64, ascending; none where the text is damaged."""
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8))[: len(on_map)]
    except (ValueError, binascii.Error):
        return np.empty(0, dtype=np.int64)
    return on_map[np.flatnonzero(bits)]
