"""`orch web` as a process, and somebody who speaks HTTP to it."""

import http.client
import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

from tests.support.cli import DEADLINE, SCRIPTS, Cli


class Web:
    """A page and API of a store, on a port of its own."""

    def __init__(self, cli: Cli, *flags: str) -> None:
        self.process = subprocess.Popen(
            [str(SCRIPTS / "orch"), "--json", "web", *flags], cwd=cli.cwd, env=cli.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        line = self.process.stdout.readline() if ready else b""
        assert line, self.process.stderr and self.process.stderr.read()
        self.url = json.loads(line)["url"]
        base, _, self.token = self.url.partition("/#")
        self.host = base.removeprefix("http://")
        self._heard = b""
        self._streams: list[Stream] = []

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def code(self) -> str:
        """Return the newest code that the terminal shows."""
        assert self.process.stderr is not None
        end = time.monotonic() + DEADLINE
        while True:
            found = re.findall(rb"code (\d{6}) for: ", self._heard)
            if found:
                self._heard = b""
                return found[-1].decode()
            assert time.monotonic() < end, "no code"
            if select.select([self.process.stderr], [], [], 0.2)[0]:
                self._heard += os.read(self.process.stderr.fileno(), 65536)

    def ask(
        self, method: str, path: str, body: object = None, **headers: str | None
    ) -> tuple[int, dict, http.client.HTTPMessage]:
        """Make a request as the holder of the token; return (status, JSON, headers)."""
        status, text, found = self.raw(method, path, body, **headers)
        return status, json.loads(text), found

    def raw(
        self, method: str, path: str, body: object = None, **headers: str | None
    ) -> tuple[int, str, http.client.HTTPMessage]:
        """Make a request; `X_Orch=None` leaves a header out."""
        sent = {"Authorization": f"Bearer {self.token}", "X-Orch": "1", "Host": self.host}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        line = http.client.HTTPConnection(self.host, timeout=DEADLINE)
        try:
            line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    line.putheader(name, value)
            if data is not None and "Content-Length" not in sent:
                line.putheader("Content-Length", str(len(data)))
            line.endheaders(data.encode() if isinstance(data, str) else data)
            answer = line.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            line.close()

    def events(self, path: str = "/api/v1/events", **headers: str) -> "Stream":
        """Open a stream of events."""
        self._streams.append(Stream(self, path, headers))
        return self._streams[-1]


class Stream:
    """Server-sent events, read one after the other."""

    def __init__(self, web: Web, path: str, headers: dict[str, str]) -> None:
        self._line = http.client.HTTPConnection(web.host, timeout=DEADLINE)
        sent = {"Authorization": f"Bearer {web.token}", "Host": web.host}
        self._line.request("GET", path, headers={**sent, **headers})
        self.answer = self._line.getresponse()

    def __iter__(self) -> Iterator[dict[str, str]]:
        found: dict[str, str] = {}
        while True:
            text = self.answer.readline().decode().rstrip("\r\n")
            if text.startswith(":"):
                continue
            if text:
                name, _, value = text.partition(": ")
                found[name] = value
            elif found:
                yield found
                found = {}

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self._line.close()


def in_threads(*works) -> None:
    """Run each in a thread of its own, to the end; raise what the first that failed raised."""
    wrong: list[BaseException] = []

    def _run(work) -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=_run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(4 * DEADLINE)
        assert not thread.is_alive()
    if wrong:
        raise wrong[0]
