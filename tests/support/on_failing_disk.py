"""The real `inbox` on a disk that fails, or with a bug planted in it.

`python -m tests.support.on_failing_disk "write full 1, open io 3" send …`: from the named
operation on, every one of its kind fails. `bug` plants an exception instead, `hasty` lets it wait
for a second only where it would for ten.
"""

import sys

import apsw

from tests.support.disks import FailingDisk


def main() -> None:
    """Run the console script under the faults of the first argument."""
    faults, *argv = sys.argv[1:]
    sys.argv = ["inbox", *argv]
    if faults == "hasty":
        from schema import transaction

        transaction.BUSY_BUDGET_MS = 1_000
    elif faults == "bug":
        from inbox import reads

        reads.list_threads = None
    else:
        disk = FailingDisk()
        for fault in faults.split(", "):
            kind, error, k = fault.split(" ")
            disk.fail(kind, error, int(k), lasting=True)
        apsw.set_default_vfs(FailingDisk.NAME)
    from inbox.cli.main import main

    main()


if __name__ == "__main__":
    main()
