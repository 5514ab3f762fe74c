"""The ways out of `[notify]`: a program, the desktop, ntfy, a webhook.

Each sends one notice and returns "" or what went wrong, in words that hold no URL and no token:
those come from the environment, and stay there. HTTP is the standard library's, loaded here only.
"""

import json
import os
import shutil

from orch import process
from orch.harness.redaction import Redactor
from orch.steps.urgency import of_need
from schema.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from orch.config.model import Notify

_SECONDS = 10.0
_COMMAND_SECONDS = 30.0
_LOCAL = ("command", "desktop")
_MOST_OF_A_TEXT = 1000
_PRIORITY = {"done": "default", "need": "high"}


class Notice(Value):
    """One notice as it is sent. `again`: its sender was killed, so it may have been sent before."""

    notice_id: str
    kind: str
    run_id: str
    task_id: str
    who: str
    since: str | None
    text: str
    command: str
    reminder: int = 0
    again: bool = False

    @property
    def title(self) -> str:
        """Names and what is the matter, no word of an agent's."""
        name = f"{self.run_id}/{self.task_id}" if self.task_id else f"run {self.run_id}"
        return f"{name} {of_need(self.kind)[2]}"

    def document(self, *, with_text: bool) -> "dict[str, Any]":
        """Return it as JSON-able values; words of agents only `with_text`, without secrets."""
        said = Redactor(dict(os.environ)).text(self.text)[:_MOST_OF_A_TEXT] if with_text else ""
        return {
            "id": self.notice_id,
            "kind": self.kind,
            "title": self.title,
            "run_id": self.run_id,
            "task_id": self.task_id or None,
            "who": self.who or None,
            "since": self.since,
            "text": said,
            "command": self.command,
            "reminder": self.reminder,
            "again": self.again,
        }


def send(channel: str, notify: "Notify", notice: Notice) -> str:
    """Send a notice by a channel; return "", or why it could not be sent."""
    document = notice.document(with_text=notify.text or channel in _LOCAL)
    ways: dict[str, Callable[[], str]] = {
        "command": lambda: _command(notify.command, document),
        "desktop": lambda: _desktop(document),
        "ntfy": lambda: _ntfy(notify.ntfy_env, document),
        "webhook": lambda: _webhook(notify.webhook_env, document),
    }
    return ways[channel]()


def _command(command: list[str], document: "dict[str, Any]") -> str:
    """Give it to a program: the whole on standard input, the names in its environment too."""
    names = {"ID": "id", "KIND": "kind", "RUN": "run_id", "TASK": "task_id", "TITLE": "title"}
    told = {f"ORCH_NOTICE_{name}": str(document[key] or "") for name, key in names.items()}
    return _program(command, json.dumps(document) + "\n", process.unattended(os.environ) | told)


def _program(command: list[str], text: str, environment: dict[str, str]) -> str:
    try:
        status, _, said = process.ask(command, text, _COMMAND_SECONDS, environment)
    except OSError as error:
        return f"cannot run {command[0]}: {error.strerror}"
    if status == 0:
        return ""
    last = (said.strip().splitlines() or [""])[-1]
    words = Redactor(environment).text(last)[:200]
    return f"{os.path.basename(command[0])} ended with {status}" + (f": {words}" if words else "")


_APPLE = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


def _desktop(document: "dict[str, Any]") -> str:
    title, body = str(document["title"]), str(document["text"] or document["command"])
    if shutil.which("notify-send"):
        marked = body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return _program(
            ["notify-send", "--app-name=orch", "--", title, marked], "", dict(os.environ)
        )
    if shutil.which("osascript"):
        return _program(["osascript", "-e", _APPLE, title, body], "", dict(os.environ))
    return "neither notify-send nor osascript is installed"


def _ntfy(variable: str, document: "dict[str, Any]") -> str:
    kind = "done" if document["kind"] == "finished" else "need"
    body = "\n".join(part for part in (document["text"], document["command"]) if part)
    headers = {
        "Title": _header(document["title"]),
        "Priority": _PRIORITY[kind],
        "Content-Type": "text/plain; charset=utf-8",
    }
    return _post(variable, body.encode(), headers)


def _webhook(variable: str, document: "dict[str, Any]") -> str:
    headers = {"Content-Type": "application/json", "Idempotency-Key": _header(document["id"])}
    return _post(variable, json.dumps(document).encode(), headers)


def _header(text: object) -> str:
    return str(text).encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")


def _post(variable: str, body: bytes, headers: dict[str, str]) -> str:
    """Post to the URL that a variable holds; nothing of it is in what is returned."""
    import base64
    import http.client
    import ssl
    from urllib.parse import unquote, urlsplit

    url = os.environ.get(variable, "")
    if not url:
        return f"the environment has no {variable}"
    token = os.environ.get(f"{variable}_TOKEN", "")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{variable} holds no URL"
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(
        parts.scheme
    )
    if kind is None or not host:
        return f"{variable} holds no http or https URL"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = kind(host, port, timeout=_SECONDS)
    try:
        connection.request("POST", path, body, headers | {"User-Agent": "orch"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return f"{variable}: cannot be reached: {reason}"
    finally:
        connection.close()
    return "" if 200 <= status < 300 else f"{variable}: answered {status}"
