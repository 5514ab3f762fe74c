"""Address of a forge and login there: the repository's name, the API's address, the token.

Nothing secret is kept, printed or put into an argument list: a token comes from GITHUB_TOKEN or
from a program of the person's own, and an app's key from a file that only its owner can read.
"""

import os
import re
import stat
from urllib.parse import urlsplit

from orch import process
from orch.forge.rules import ForgeRules
from schema.failures import Failure, invalid_input
from schema.value import Value

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_URL = re.compile(r"(?:[a-z+]+://)?(?:[^@/]+@)?([^/:]+)(?::\d+)?[:/]+(.+?)(?:\.git)?/?$")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")
_TOKEN_SECONDS = 30


class ForgePlace(Value):
    """A repository on a forge: `owner`/`name` at `api`."""

    api: str
    owner: str
    name: str


def find(rules: ForgeRules, remote_url: str) -> ForgePlace:
    """Return where a remote's pull requests are. Raises: invalid_input/value."""
    matched = _URL.match(remote_url)
    host, path = (matched[1], matched[2]) if matched else ("", "")
    full = rules.repository or path
    if not _NAME.match(full):
        raise invalid_input(
            f"the remote {rules.remote} ({_shown(remote_url)}) is not a repository of a forge",
            reason="value",
            hint='name it in orch.toml: [forge] repository = "OWNER/NAME"',
        )
    api = os.environ.get("GITHUB_API_URL", "").rstrip("/")
    if not api:
        known = host in ("github.com", "") or bool(rules.repository)
        api = "https://api.github.com" if known else f"https://{host}/api/v3"
    parts = urlsplit(api)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise invalid_input(
            f"GITHUB_API_URL is {_shown(api)}: a token is sent by https only", reason="value"
        )
    owner, _, name = full.partition("/")
    return ForgePlace(api, owner, name)


def token(rules: ForgeRules) -> str:
    """Return the person's token. Raises: git_error with what to set."""
    given = os.environ.get("GITHUB_TOKEN", "").strip()
    if given:
        return given
    if not rules.token_command:
        raise login("no token: set GITHUB_TOKEN, or [forge] token_command in orch.toml")
    program = rules.token_command[0]
    try:
        status, answer, said = process.ask(rules.token_command, "", _TOKEN_SECONDS)
    except OSError as error:
        raise login(f"cannot run {program}: {error.strerror}")
    if status or not answer.strip():
        raise login(f"{program} gave no token (exit {status}): {said.strip()[:200]}")
    return answer.strip().splitlines()[0]


def app_key(path: str) -> str:
    """Return an app's private key. Raises: git_error where others could read it."""
    place = os.path.expanduser(path)
    try:
        found = os.stat(place)
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise login(f"{place} can be read by others: chmod 600 {place}")
        with open(place, encoding="ascii") as file:
            return file.read()
    except (OSError, UnicodeError) as error:
        raise login(f"cannot read the app's key {place}: {error}")


def login(message: str) -> Failure:
    """Return the failure of a login: nothing is tried again by itself."""
    return Failure("git_error", "failed", f"the forge: {message}", hint="log in, then run it again")


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it."""
    return re.sub(r"//[^@/]*@", "//", url)[:200]
