"""Names, minted ids and lease tokens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import ids
from schema.failures import Failure

RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@given(st.text(alphabet="aZ09._-/ @\nü\0lock", max_size=70))
def test_the_rule_for_names_is_the_published_one(text: str) -> None:
    if RULE.fullmatch(text) and ".." not in text and not text.endswith(".lock"):
        assert ids.require_name(text, "--agent") == text
    else:
        with pytest.raises(Failure, match="--agent") as refused:
            ids.require_name(text, "--agent")
        assert (refused.value.code, refused.value.reason) == ("invalid_input", "value")


def test_an_addressee_is_a_name_or_a_pool() -> None:
    assert ids.require_addressee("@builders", "--to") == "@builders"
    assert ids.require_addressee("worker-1", "--to") == "worker-1"
    for bad in ("@", "@@a", "@.a", "a@b"):
        with pytest.raises(Failure):
            ids.require_addressee(bad, "--to")


def test_minted_ids_are_short_legal_and_hardly_ever_the_same() -> None:
    minted = {ids.mint("thr") for _ in range(500)}
    assert len(minted) > 495
    for found in minted:
        assert re.fullmatch(r"thr_[0-9abcdefghjkmnpqrstvwxyz]{6}", found)
        assert ids.require_name(found, "--thread") == found


def test_a_token_names_its_epoch_and_depends_on_everything() -> None:
    secret = b"s" * 32
    token = ids.lease_token(secret, "thr_a", 7)
    assert ids.token_epoch(token) == 7
    assert token == ids.lease_token(secret, "thr_a", 7)
    assert re.fullmatch(r"e7-[0-9a-z]{26}", token)  # 130 bits, and nothing like a known secret.
    others = {
        ids.lease_token(b"t" * 32, "thr_a", 7),
        ids.lease_token(secret, "thr_b", 7),
        ids.lease_token(secret, "thr_a", 8),
    }
    assert token not in others
    assert len(others) == 3


@pytest.mark.parametrize(
    "text", ["", "e", "e1", "e1-", "x1-" + "0" * 26, "e-" + "0" * 26, "e1-" + "0" * 25,
             "e1-" + "0" * 27, "e٣-" + "0" * 26, "e1.5-" + "0" * 26, "e9999999999-" + "0" * 26],
)  # fmt: skip
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(Failure) as refused:
        ids.token_epoch(text)
    assert (refused.value.code, refused.value.reason) == ("lease_conflict", "bad_token")


def test_random_numbers_fit_a_column() -> None:
    assert all(0 <= ids.random_63_bits() < 2**63 for _ in range(200))
    assert ids.digest("a") == ids.digest("a") != ids.digest("b")
