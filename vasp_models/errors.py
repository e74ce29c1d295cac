"""Every error that VASP Lens raises on purpose.

A message is one sentence that says what is wrong, where, what was expected, and the command that mends it.
The command line prints it and leaves with exit code 2; a page shows it in place.
"""

from __future__ import annotations


class VaspLensError(Exception):
    """Base of every error raised on purpose."""


class DataError(VaspLensError):
    """Ratings, items or a data set that cannot be used as they are."""


class DownloadError(DataError):
    """A file that could not be fetched, or that is not the file the publisher announced."""


class SettingError(VaspLensError):
    """A setting, preset or option with an unknown name or a value of the wrong kind."""


class CheckpointError(VaspLensError):
    """A checkpoint folder that is missing, damaged, foreign or newer than this program."""


class UnknownUserError(VaspLensError):
    """A user id that the checkpoint does not hold."""


class UnknownItemError(VaspLensError):
    """An item id that the catalogue does not hold."""


class DeviceError(VaspLensError):
    """A device that was asked for and is not there, or that ran out of memory."""


class ModelError(VaspLensError):
    """A model that was asked before it was fitted, or that answers with what is no number."""


class StoppedEarly(VaspLensError):
    """A training that was interrupted before there was anything to keep."""


class MapError(VaspLensError):
    """A map that does not exist yet or cannot be drawn."""


class MeasureError(VaspLensError):
    """A measured result that is damaged, or that another process measures at this moment."""


class ExplanationError(VaspLensError):
    """A film or a history that cannot be explained."""


class BundleError(VaspLensError):
    """A question whose answer a bundle does not hold, or a bundle that cannot be made."""


class ScoringError(VaspLensError):
    """A folder of scores that was begun otherwise or is damaged, or a worker that could not go on."""


class PosterError(VaspLensError):
    """Posters that cannot be fetched: the key is refused, or the service fails."""


class UnfitPosterError(VaspLensError):
    """A poster that is no image, or too large to be shown."""
