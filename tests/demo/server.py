"""Where the demo's stores are: files, or schemas of a PostgreSQL server (`make demo DB=…`).

`DB=private` starts a server of its own below a temporary directory; `DB=postgresql://…` takes one
that is there, and leaves a schema for each store, named after this process.
"""

import itertools
import os

_ASKED = os.environ.get("DEMO_DB", "")
_numbers = itertools.count(1)
_private: list = []


def environment(state: str) -> dict[str, str]:
    """Return what a leader's programs are told of their store; nothing for a file."""
    if not _ASKED:
        return {}
    url = _ASKED
    if url == "private":
        if not _private:
            from tests.support.servers import Cluster

            _private.append(Cluster())
            _private[0].execute("CREATE DATABASE demo")
        url = _private[0].url("demo")
    mark = "&" if "?" in url else "?"
    schema = f"demo_{os.getpid()}_{next(_numbers)}"
    return {"ORCH_DB": f"{url}{mark}schema={schema}", "XDG_STATE_HOME": state}
