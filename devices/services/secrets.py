"""Encryption of the passwords that must be shown again: a remote is handed its own at each login.

Fernet with a key derived from SECRET_KEY, so a stolen database alone opens nothing. Keys in
SECRET_KEY_FALLBACKS still decrypt, which is how SECRET_KEY is changed without locking every gateway out.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _


class SecretUnreadable(RuntimeError):
    """The secret was encrypted under another SECRET_KEY, or the row is damaged."""


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    def derived(key: str) -> Fernet:
        derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"fleet gateway credential 1")
        return Fernet(base64.urlsafe_b64encode(derivation.derive(key.encode())))

    return MultiFernet([derived(key) for key in keys])


def _present() -> MultiFernet:
    return _cipher((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(text: str) -> bytes:
    """The secret as it may lie in the database."""
    return _present().encrypt(text.encode())


def decrypt(secret: bytes | memoryview) -> str:
    """The secret in plain text. Raises `SecretUnreadable`."""
    try:
        return _present().decrypt(bytes(secret)).decode()
    except InvalidToken:
        raise SecretUnreadable(
            _("This password cannot be read, for the server's secret key has changed. Rotate the credential.")
        ) from None
