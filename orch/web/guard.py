"""Guard of the page and the API: who may ask, looked at before any route, for every request.

Guarantees: only loopback names as Host (a name that an attacker's DNS points here is refused), only
our own page as Origin, `X-Orch: 1` on every change, a session or the token for all but the shell of
the page, bodies below MOST_BYTES; every answer forbids scripts, frames and sources of others.
"""

import asyncio
import hmac
import secrets

from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 9 * 1024 * 1024  # A text may have 8 MiB (ORCH_MAX_TEXT_BYTES), a body some more.
_MOST_SESSIONS = 64
_BODY_SECONDS = 30.0
_MOST_DRAINED, _DRAIN_SECONDS = 65_536, 2.0
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_OPEN = {("GET", "/"), ("GET", "/page.js"), ("GET", "/style.css"), ("GET", "/favicon.ico"),
         ("POST", "/session")}  # fmt: skip
_HEADERS = [
    (b"content-security-policy",
     b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     b"object-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]  # fmt: skip


class Sessions:
    """The token that the terminal shows, and the sessions that were had for it."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        # Cookies know no ports: two of us on one machine would take each other's.
        self.cookie = f"orch_session_{secrets.token_hex(4)}"
        self._known: dict[str, None] = {}

    def begin(self, token: str) -> str | None:
        """Return a new session for the token, None for any other."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        session = secrets.token_urlsafe(32)
        self._known[session] = None
        for oldest in list(self._known)[:-_MOST_SESSIONS]:
            del self._known[oldest]
        return session

    def knows(self, headers: "dict[bytes, bytes]") -> bool:
        """Say whether a request carries the token or a session."""
        bearer = headers.get(b"authorization", b"")
        if bearer:
            return hmac.compare_digest(bearer, b"Bearer " + self.token.encode())
        given = [
            value
            for name, _, value in (
                part.strip().partition(b"=") for part in headers.get(b"cookie", b"").split(b";")
            )
            if name == self.cookie.encode()
        ]
        return any(
            hmac.compare_digest(value, known.encode()) for value in given for known in self._known
        )


class Guard:
    """Stands before the application."""

    def __init__(self, app: "ASGIApp", sessions: Sessions, *, read_only: bool) -> None:
        self._app, self._sessions, self._read_only = app, sessions, read_only

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Refuse, or hand on."""
        if scope["type"] != "http":
            return  # Neither websockets nor a lifespan.

        async def _send(message: "Message") -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        status, why = self._refusal(scope)
        body = b""
        if not why and scope["method"] not in ("GET", "HEAD"):
            status, why, body = await _body(scope, receive)
        if why:
            await _drain(scope, receive)
            await _refuse(_send, status, why)
            return
        is_read = scope["method"] in ("GET", "HEAD")
        await self._app(scope, receive if is_read else _replayed(body, receive), _send)

    def _refusal(self, scope: "Scope") -> tuple[int, str]:
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) and _is_doubled(scope["headers"]):
            return 400, "a header that decides who asks stands there twice"
        host = headers.get(b"host", b"").decode("latin-1")
        if host.rpartition(":")[0] not in _NAMES and host not in _NAMES:
            return 403, "this is no address of this machine's own"
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin != f"http://{host}":
            return 403, "another page asks"
        if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
            return 403, "another page asks"
        is_read = scope["method"] in ("GET", "HEAD")
        if not is_read and headers.get(b"x-orch") != b"1":
            return 403, "a change wants the header X-Orch: 1"
        asked = scope["method"].replace("HEAD", "GET"), scope["path"]
        if asked not in _OPEN and not self._sessions.knows(headers):
            return 401, "open the address that the terminal of orch web shows"
        if self._read_only and not is_read and scope["path"] != "/session":
            return 403, "this page only looks (--read-only)"
        return 0, ""


def _is_doubled(headers: "list[tuple[bytes, bytes]]") -> bool:
    names = [name for name, _ in headers]
    return any(names.count(one) > 1 for one in (b"host", b"origin", b"authorization", b"x-orch"))


async def _body(scope: "Scope", receive: "Receive") -> tuple[int, str, bytes]:
    """Return (0, "", the whole body), or why it is refused."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return 413, f"a body has at most {MOST_BYTES} bytes", b""
    body = bytearray()
    while True:
        try:
            message = await asyncio.wait_for(receive(), _BODY_SECONDS)
        except TimeoutError:
            return 408, "the body did not come", b""
        if message["type"] != "http.request":
            return 400, "the request was cut off", b""
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return 413, f"a body has at most {MOST_BYTES} bytes", b""
        if not message.get("more_body"):
            return 0, "", bytes(body)


async def _drain(scope: "Scope", receive: "Receive") -> None:
    """Take what a refused request sends, as far as that is little: else its sender sees a reset."""
    left = _MOST_DRAINED
    while left > 0 and scope["method"] not in ("GET", "HEAD"):
        try:
            message = await asyncio.wait_for(receive(), _DRAIN_SECONDS)
        except TimeoutError:
            return
        left -= len(message.get("body", b"")) + 1
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def _replayed(body: bytes, receive: "Receive") -> "Receive":
    is_told = False

    async def _receive() -> "Message":
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return _receive


def refusal(why: str) -> Json:
    """Return the error object of a request that reached no command."""
    failure = Failure("refused", "approval_required", why)
    error = obj(code=failure.code, reason=failure.reason, message=why, hint=failure.advice,
                retry=failure.retry, details=None)  # fmt: skip
    return obj(ok=False, command="", error=error, next=[])


async def _refuse(send: "Send", status: int, why: str) -> None:
    body = refusal(why).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"),
               (b"content-length", str(len(body)).encode())]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
