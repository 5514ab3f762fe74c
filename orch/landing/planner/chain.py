"""The chain of candidates: entries put on top of each other, and what is known of each prefix.

Pure: it walks the links and trials that a snapshot holds, and says what is still missing.
"""

from dataclasses import dataclass

from orch.landing.planner.model import Limits, OpenEntry, Snapshot

UNKNOWN, GOOD, ONCE, BAD, BROKEN, FLAKY = "unknown", "good", "once", "bad", "broken", "flaky"
NOT_GOOD = (ONCE, BAD, BROKEN, FLAKY)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The chain up to and with `entry`: its candidate, the checks it must pass, what is known.

    `state`: unknown, good, once (failed one time), bad (failed again), broken (a check could
    not run), flaky (failed, then passed, and the policy does not take that for a pass).
    `flaked`: it is good, but failed before.
    """

    entry: OpenEntry
    commit: str
    tree: str
    checks: tuple[str, ...]
    state: str
    flaked: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Prefixes on `onto`; `unbuilt` entries are still to be put on the last one.

    `skipped` cannot be on it, each with the reason; `conflict` does not merge with the target
    itself, together with the files.
    """

    onto: str
    prefixes: tuple[Prefix, ...] = ()
    unbuilt: tuple[OpenEntry, ...] = ()
    skipped: tuple[tuple[OpenEntry, str], ...] = ()
    conflict: tuple[OpenEntry, tuple[str, ...]] | None = None

    @property
    def tip(self) -> str:
        """The commit that the next entry goes on top of."""
        return self.prefixes[-1].commit if self.prefixes else self.onto


def walk(snapshot: Snapshot, entries: tuple[OpenEntry, ...], most: int) -> Chain:
    """Follow the links from the target's tip through `entries`, in order, `most` at the most.

    An entry that does not merge with what is ahead of it is skipped, and so is what needs it: once
    that has landed, or left the queue, it is tried again. Nobody passes one that was overtaken
    as often as may be: there the chain ends.
    """
    links = {(link.onto, link.entry_no): link for link in snapshot.links}
    ends = {(t.tree, t.checks): t.ends for t in snapshot.trials}
    at = snapshot.tip
    prefixes: list[Prefix] = []
    skipped: dict[int, tuple[OpenEntry, str]] = {}
    checks: tuple[str, ...] = ()
    for place, entry in enumerate(entries):
        if len(prefixes) == most:
            break
        if lacking := [skipped[n][0] for n in entry.needs if n in skipped]:
            skipped[entry.entry_no] = (
                entry,
                f"waits for {lacking[0].name}, which is not on the chain",
            )
            if _is_last_straw(entry, snapshot.limits):
                break
            continue
        link = links.get((at, entry.entry_no))
        if link is None:
            rest = _rest(entries[place:], most - len(prefixes), {*skipped})
            return Chain(snapshot.tip, tuple(prefixes), rest, tuple(skipped.values()))
        if not link.is_clean:
            if not prefixes:
                return Chain(snapshot.tip, conflict=(entry, link.files))
            ahead = prefixes[-1].entry.name
            skipped[entry.entry_no] = entry, f"does not merge with {ahead}, which is ahead of it"
            if _is_last_straw(entry, snapshot.limits):
                break
            continue
        at = link.commit
        checks = tuple(sorted({*checks, *entry.checks}))
        before = tuple(p.entry for p in prefixes)
        state, flaked = _judge(ends.get((link.tree, checks), ()), (*before, entry), snapshot.limits)
        prefixes.append(Prefix(entry, link.commit, link.tree, checks, state, flaked))
    return Chain(snapshot.tip, tuple(prefixes), (), tuple(skipped.values()))


def _is_last_straw(entry: OpenEntry, limits: Limits) -> bool:
    return entry.overtaken >= limits.overtakes


def _rest(entries: tuple[OpenEntry, ...], most: int, skipped: set[int]) -> tuple[OpenEntry, ...]:
    """Return the next entries to be built, without those that need a skipped one."""
    found: list[OpenEntry] = []
    for entry in entries:
        if len(found) == most:
            break
        if skipped.isdisjoint(entry.needs):
            found.append(entry)
        else:
            skipped.add(entry.entry_no)
    return tuple(found)


def _judge(
    ends: tuple[str, ...], entries: tuple[OpenEntry, ...], limits: Limits
) -> tuple[str, bool]:
    """Return (state, whether it flaked) of a tree whose trials ended so, oldest first.

    A check that could not run says nothing of a tree for entries that were tried again since:
    those are not `testing` any more.
    """
    passed, failed = ends.count("passed"), ends.count("failed")
    if passed and failed:
        accepted = limits.flake == "accept" or (limits.flake == "approve" and entries[-1].flakes)
        return (GOOD, True) if accepted else (FLAKY, False)
    if passed:
        return GOOD, False
    if ends and ends[-1] == "error" and all(e.status == "testing" for e in entries):
        return BROKEN, False
    if failed:
        return (ONCE, False) if failed == 1 else (BAD, False)
    return UNKNOWN, False
