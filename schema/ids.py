"""Identifiers: minted ones are short and easy to retype; users' own are checked here."""

import os

from schema.failures import Failure, invalid_input

# Crockford's base 32 in lower case: no i, l, o, u, so nothing is misread.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 6
_TOKEN_LENGTH = 26  # 26 x 5 bits = 130 bits.
NAME_LENGTH = 64
NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def _blake2b(data: bytes, size: int, key: bytes = b"") -> bytes:
    """Return keyed BLAKE2b; loaded at first use, since many commands need none."""
    try:
        from _blake2 import blake2b  # The C type behind hashlib, without its imports.
    except ImportError:  # pragma: no cover - interpreters that build it otherwise
        from hashlib import blake2b
    return blake2b(data, digest_size=size, key=key).digest()


def base32(data: bytes, length: int) -> str:
    """Return `length` characters of `data`, 5 bits each."""
    number = int.from_bytes(data, "big")
    return "".join(_ALPHABET[(number >> (5 * i)) & 31] for i in range(length))


def mint(prefix: str) -> str:
    """Return a new random id such as `thr_4k7d2m`; the caller checks that it is free."""
    return f"{prefix}_{base32(os.urandom(4), _ID_LENGTH)}"


def digest(text: str) -> str:
    """Return a short stable digest of `text`, for comparing arguments."""
    return _blake2b(text.encode(), 16).hex()


def random_63_bits() -> int:
    """Return a random positive integer that fits SQLite's INTEGER."""
    return int.from_bytes(os.urandom(8), "big") >> 1


def lease_token(secret: bytes, thread_id: str, epoch: int) -> str:
    """Return the token of one claim: keyed BLAKE2b of (thread, epoch), recomputed, never stored."""
    tag = _blake2b(f"{thread_id}|{epoch}".encode(), 20, secret)
    return f"e{epoch}-{base32(tag, _TOKEN_LENGTH)}"


def token_epoch(token: str) -> int:
    """Return the epoch that a token names.

    Raises: lease_conflict/bad_token for text that is no token at all.
    """
    number, dash, tag = token.partition("-")
    digits = number[1:]
    if not (number[:1] == "e" and digits.isascii() and digits.isdigit() and len(digits) < 10):
        dash = ""
    if not dash or len(tag) != _TOKEN_LENGTH:
        raise Failure(
            "lease_conflict",
            "bad_token",
            "the lease token is malformed",
            hint="use data.lease.token from your claim, unchanged",
        )
    return int(digits)


def require_name(value: str, what: str) -> str:
    """Return `value` if it is a legal run, task or agent name.

    Raises: invalid_input. Rule: [A-Za-z0-9][A-Za-z0-9._-]{0,63}, no `..`, not ending in .lock.
    """
    legal = (
        0 < len(value) <= NAME_LENGTH
        and value[0] not in "._-"
        and NAME_CHARACTERS.issuperset(value)
        and ".." not in value
        and not value.endswith(".lock")
    )
    if not legal:
        raise invalid_input(
            f"{what} {value[:80]!r} is not a legal name",
            hint="letters, digits, '.', '_' and '-', at most 64, starting with a letter or digit; "
            "no '..', not ending in '.lock'",
        )
    return value


def require_addressee(value: str, what: str) -> str:
    """Return `value` if it is an agent name or `@pool`, either with `+MACHINE` or `+LABEL`."""
    name, at, where = value.partition("+")
    require_name(name.removeprefix("@"), what)
    if at:
        require_name(where, what)
    return value
