"""Reader of a voter's text: its Ballot is found by the same ladder as a review.

Owns the reading of sheets that come back. Guarantees: a sheet is unreadable only when no document
or another reviewer's role is in it; one bad row is dropped and counted, never the sheet; nothing is
counted twice: an id stands in one row of `same`, has one vote, and the first that is valid counts.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from council.ballots import (
    MOST_OPPOSED,
    MOST_TOGETHER,
    Ballot,
    Entry,
    Key,
    PairKey,
    pairs_of_row,
)
from council.vocabulary import VOTES, ParseMode, Role, Vote, role_of
from inbox.json_in_text import Sought
from schema.failures import invalid_input

_HINT = "the thread's schema shows what is expected; `inbox done --validate` checks it"
_SOUGHT = Sought("the sheet of votes", frozenset(("same", "votes")), '"votes"', _HINT)
_LONGEST_WHY = 400
_GRAVITY: tuple[Vote, ...] = ("dispute", "agree", "unsure")


class _Reader:
    """Takes the rows of one sheet apart and counts those that say nothing valid."""

    def __init__(self, sheet: Sequence[Entry], voter: Role) -> None:
        self.entries = {entry.id: entry for entry in sheet}
        self.voter = voter
        self.dropped = 0

    def rows(self, document: dict[str, Any], name: str) -> Iterator[Any]:
        """Yield the rows of one list; anything else than a list is one bad row."""
        given = document.get(name)
        if isinstance(given, list):
            yield from given
        elif given is not None:
            self.dropped += 1

    def find(self, ids: object, most: int) -> list[Entry] | None:
        """Return 2 to `most` different entries for a row of ids, or None."""
        if not isinstance(ids, list) or not 2 <= len(ids) <= most:
            return None
        found = [self.entry(each) for each in ids]
        known = [entry for entry in found if entry is not None]
        return known if len(known) == len(ids) == len(set(map(str, ids))) else None

    def entry(self, name: object) -> Entry | None:
        """Return the finding that the sheet calls so."""
        return self.entries.get(name) if isinstance(name, str) else None

    def same(self, document: dict[str, Any]) -> frozenset[PairKey]:
        """Return the pairs that are said to be one; an id is in one row, rows are bounded."""
        pairs: set[PairKey] = set()
        used: set[str] = set()
        rows = 0
        for row in self.rows(document, "same"):
            found = self.find(row, MOST_TOGETHER)
            ids = {entry.id for entry in found or ()}
            if found is None or used & ids or rows >= len(self.entries) // 2:
                self.dropped += 1
                continue
            rows += 1
            used |= ids
            pairs |= pairs_of_row(found)
        return frozenset(pairs)

    def opposed(self, document: dict[str, Any]) -> frozenset[PairKey]:
        """Return the pairs that are said to contradict each other."""
        pairs: set[PairKey] = set()
        for count, row in enumerate(self.rows(document, "opposed")):
            found = self.find(row, 2)
            if found is None or count >= MOST_OPPOSED:
                self.dropped += 1
            else:
                pairs |= pairs_of_row(found)
        return frozenset(pairs)

    def votes(self, document: dict[str, Any]) -> dict[Key, tuple[Vote, str]]:
        """Return the votes on others' findings; a side without a reason is no vote."""
        cast: dict[Key, tuple[Vote, str]] = {}
        seen: set[str] = set()
        for row in self.rows(document, "votes"):
            said = row if isinstance(row, dict) else {}
            entry, vote = self.entry(said.get("id")), _word(said.get("vote"))
            why = said.get("why") if isinstance(said.get("why"), str) else ""
            assert isinstance(why, str)
            if (
                entry is None
                or entry.role == self.voter
                or entry.id in seen
                or vote not in VOTES
                or (vote != "unsure" and not why.strip())
            ):
                self.dropped += 1
                continue
            seen.add(entry.id)
            kept = why.strip()
            kept = kept if len(kept) <= _LONGEST_WHY else kept[: _LONGEST_WHY - 1] + "…"
            before = cast.get(entry.key)  # Equal findings of one reviewer: the graver vote.
            if before is None or _GRAVITY.index(vote) < _GRAVITY.index(before[0]):
                cast[entry.key] = (vote, kept)
        return cast

    def withdrawn(self, document: dict[str, Any]) -> frozenset[Key]:
        """Return the voter's own findings that it takes back."""
        gone: set[Key] = set()
        for row in self.rows(document, "withdraw"):
            entry = self.entry(row)
            if entry is None or entry.role != self.voter:
                self.dropped += 1
            else:
                gone.add(entry.key)
        return frozenset(gone)


def read_votes(raw: str, sheet: Sequence[Entry], voter: Role) -> tuple[Ballot, ParseMode]:
    """Return the ballot that `raw` contains, and how it was found.

    Raises: invalid_input: `text` when too long, `json` when no readable document is in it, `value`
    when it is another reviewer's.
    """
    document, mode = _SOUGHT.find(raw)
    said = document.get("reviewer_role")
    if said is not None and (not isinstance(said, str) or role_of(said) != voter):
        raise invalid_input(
            f"reviewer_role is {str(said)[:40]!r}, but this is the task of {voter!r}",
            hint="each reviewer answers on its own thread",
        )
    reader = _Reader(sheet, voter)
    same, opposed = reader.same(document), reader.opposed(document)
    votes, withdrawn = reader.votes(document), reader.withdrawn(document)
    return Ballot(voter, same, opposed, votes, withdrawn, reader.dropped), mode


def _word(value: object) -> Any:
    return value.strip().lower() if isinstance(value, str) else value
