from __future__ import annotations


class StorageError(Exception):
    """The storage did not do what it was asked; the text is a sentence for people."""


class Refusal(StorageError):
    """It answered, and would not; with another object it may be otherwise."""


class NoSuchObject(StorageError):
    """There is no such object."""
