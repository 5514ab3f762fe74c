"""Approvals that are signed: what is signed, by ssh-keygen with a person's own key, and verified.

A signature is over the store, the work, its head, its target, the policy's digest and the verdict:
one that is carried to anything else proves nothing. Verified outside of transactions (`verify`);
what a transaction weighs asks only for what was found (`is_sound`).
"""

import os
import tempfile

from orch import outside_attempt, process
from orch.operations.approvals import Proof
from orch.store import approvals as store
from orch.store import runs as run_rows
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from orch.config.model import Config
    from orch.store.approvals import Approval
    from orch.store.entries import Entry
    from schema.transaction import Database, ReadTx

NAMESPACE = "orch-approval"
_UNQUEUED = "-"
_SECONDS = 120.0  # A person types a passphrase or touches a key meanwhile.
_KEY_BYTES = 1 << 16
# (who, their keys, the text, the signature) that ssh-keygen found sound, and those it did not.
_found: "dict[tuple[str, tuple[str, ...], str, str], bool]" = {}


def text_of(
    tx: "ReadTx", entry: str, name: str, head: str, target: str, digest: str, verdict: str
) -> str:
    """Return what a person signs; `entry` is "" for work that is not queued yet."""
    facts = {
        "store": run_rows.store_id(tx), "work": name, "entry": entry or _UNQUEUED, "head": head,
        "target": target, "policy": digest, "verdict": verdict,
    }  # fmt: skip
    return "orch approval 1\n" + "".join(f"{key} {value}\n" for key, value in facts.items())


def prove(settings: "Config", by: str | None, text: str, verdict: str) -> Proof:
    """Return what a verdict given now rests on; sign it where the policy wants that.

    `by` None: the leader's word. Raises: refused/approval_required where the policy wants more
    than there is.
    """
    origin = outside_attempt.origin()
    if by is None:
        return Proof("leader", origin)
    policy = settings.policy
    wanted = policy.proof if policy is not None else "name"
    if wanted == "signature" and policy is not None:
        signature = _sign(by, _keys(policy.signers, by), text)
        _found[by, tuple(_keys(policy.signers, by)), text, signature] = True
        return Proof("signature", origin, text, signature)
    if outside_attempt.is_on_terminal():
        return Proof("terminal", origin)
    if wanted == "terminal" and verdict == "approve":
        raise _refused(
            "the policy wants a person at a terminal: standard input is none",
            "say it in a terminal",
        )
    return Proof("name", origin)


def verify(db: "Database", settings: "Config", entries: "Iterable[Entry]") -> None:
    """Let ssh-keygen look at every signature on these entries' heads that it has not seen yet."""
    if settings.policy is None or settings.policy.proof == "name":
        return
    with db.read() as tx:
        said = [
            one
            for entry in entries
            for one in store.of_head(tx, entry.task_no, entry.head_commit)
            if one.signature
        ]
    for one in said:
        keys = tuple(_keys(settings.policy.signers, one.given_by))
        known = (one.given_by, keys, one.signed, one.signature)
        if known not in _found:
            _found[known] = _is_signed(*known)


def is_sound(tx: "ReadTx", settings: "Config", entry: "Entry", one: "Approval") -> bool:
    """Say whether a signed word is on this very work, and `verify` found its signature good."""
    if settings.policy is None:
        return False
    keys = tuple(_keys(settings.policy.signers, one.given_by))
    texts = [
        text_of(tx, entry_id, entry.name, entry.head_commit, entry.target,
                one.policy_digest, one.verdict)
        for entry_id in (entry.entry_id, "")
    ]  # fmt: skip
    return one.signed in texts and _found.get(
        (one.given_by, keys, one.signed, one.signature), False
    )


def _keys(signers: dict[str, list[str]], by: str) -> list[str]:
    """Return the public keys of a person, whatever case the name is written in."""
    name = by.casefold()
    return [key for one, keys in signers.items() if one.casefold() == name for key in keys]


def _sign(by: str, keys: list[str], text: str) -> str:
    """Return a person's signature, by the first of their keys that signs here."""
    if not keys:
        raise _refused(
            f"the policy wants signed approvals, and no key of {by} is in it",
            "a person adds it: [policy.signers] of orch.toml",
        )
    said = ""
    with tempfile.TemporaryDirectory(prefix="orch-sign-") as folder:
        for number, key in enumerate(keys):
            public = os.path.join(folder, f"{number}.pub")
            _write(public, key + "\n")
            for path in (public, *_private_files(key)):
                status, out, said = _keygen("sign", "-f", path, text=text)
                if status == 0:
                    return out
    told = said.strip().splitlines()
    raise _refused(
        f"no key of {by} signs here" + (f": ssh-keygen says {told[-1]}" if told else ""),
        "the key's person must say it, with the key in ~/.ssh or in their ssh-agent",
    )


def _private_files(key: str) -> list[str]:
    """Return the private keys in ~/.ssh whose public half this is."""
    folder = os.path.expanduser("~/.ssh")
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if not (name.endswith(".pub") and os.path.isfile(path) and os.path.isfile(path[:-4])):
            continue
        with open(path, encoding="utf-8", errors="replace") as opened:
            public = opened.read(_KEY_BYTES)
        if public.split()[:2] == key.split()[:2]:
            found.append(path[:-4])
    return found


def _is_signed(by: str, keys: tuple[str, ...], text: str, signature: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="orch-verify-") as folder:
        allowed, signed = os.path.join(folder, "allowed"), os.path.join(folder, "signature")
        _write(allowed, "".join(f'{by} namespaces="{NAMESPACE}" {key}\n' for key in keys))
        _write(signed, signature)
        status, _, _ = _keygen("verify", "-f", allowed, "-I", by, "-s", signed, text=text)
    return status == 0


def _keygen(verb: str, *words: str, text: str) -> tuple[int, str, str]:
    try:
        return process.ask(["ssh-keygen", "-Y", verb, "-n", NAMESPACE, *words], text, _SECONDS)
    except OSError as error:
        raise _refused(
            f"the policy wants signed approvals, and ssh-keygen cannot be run: {error.strerror}",
            "install OpenSSH's ssh-keygen",
        )


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as opened:
        opened.write(text)


def _refused(message: str, hint: str) -> Failure:
    return Failure("refused", "approval_required", message, hint=hint)
