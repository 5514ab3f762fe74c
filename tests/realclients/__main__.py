"""`python -m tests.realclients [CLIENT…]`: install the clients, run the proofs, write the table."""

import argparse
import sys
import time
from pathlib import Path

from tests.realclients import council, proofs, record
from tests.realclients.clients import CLIENTS
from tests.realclients.install import install, node

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Return 0 if everything that was asked for was proven."""
    parser = argparse.ArgumentParser(prog="python -m tests.realclients", description=__doc__)
    parser.add_argument(
        "clients",
        nargs="*",
        metavar="CLIENT",
        help=f"of {', '.join(CLIENTS)}; council: three of them in two rounds",
    )
    parser.add_argument("--prefix", type=Path, default=ROOT / ".realclients", help="where they are")
    parser.add_argument("--record", action="store_true", help="write docs/reference/realclients.md")
    parser.add_argument("--keep", action="store_true", help="keep the directories of the runs")
    given = parser.parse_args()
    unknown = [name for name in given.clients if name not in (*CLIENTS, "council")]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    chosen = given.clients or list(CLIENTS)
    given.prefix.mkdir(exist_ok=True)
    node(given.prefix)
    results = []
    is_council = not given.clients or "council" in given.clients
    failed = council.main(given.prefix) if is_council else 0
    council_said = "" if not is_council else "no" if failed else "yes"
    for name in (name for name in chosen if name in CLIENTS):
        install(given.prefix, CLIENTS[name])
        began = time.monotonic()
        result = proofs.prove(CLIENTS[name], given.prefix, keep=given.keep)
        result.seconds = time.monotonic() - began
        results.append(result)
        print(result.text(), flush=True)
        if given.record:  # Each at once: the others may take longer than anybody waits.
            record.write(ROOT / "docs" / "reference" / "realclients.md", results, council_said)
    return 0 if all(result.good for result in results) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
