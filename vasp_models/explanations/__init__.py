"""Why a film is recommended: exact where it can be, tested where it cannot."""
