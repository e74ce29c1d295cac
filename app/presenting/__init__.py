"""Presenter mode: a guided tour of five steps through one checkpoint, in large type."""
