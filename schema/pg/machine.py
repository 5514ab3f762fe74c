"""This machine, as a store for several knows it, and the folder that such a store has on it.

A machine is a state directory: two users of one host are two machines, and need not see each
other's files. Its id is random and made once; a host's name may change or be another's.
"""

import os

from schema.failures import Failure


def state_folder() -> str:
    """Return the folder for what belongs to this machine and no repository, made if need be."""
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    folder = os.path.join(base, "orch")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise Failure(
            "store_error", "io", f"cannot make {folder}: {error.strerror}",
            hint="set XDG_STATE_HOME to a folder that is writable for you",
        )  # fmt: skip
    return folder


def id_file() -> str:
    """Return the file that says which machine this is."""
    return os.path.join(state_folder(), "machine")


def machine_id() -> str:
    """Return the id of this machine, made at its first use. Raises: store_error."""
    return _made_once(id_file())


def session() -> str:
    """Return what a copy of this machine's files has not. Raises: store_error.

    The file's own place on the disk belongs to it: a copied state directory has another one.
    """
    path = os.path.join(state_folder(), "machine.session")
    content = _made_once(path)
    found = os.stat(path)
    return f"{content}:{found.st_dev}:{found.st_ino}"


def _made_once(path: str) -> str:
    """Return the random content of a file, made at its first use. Raises: store_error."""
    draft = f"{path}.{os.getpid()}"
    try:
        if not os.path.exists(path):
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fd, os.urandom(8).hex().encode())
            os.close(fd)
            try:
                os.link(draft, path)  # The first of two at once wins.
            except FileExistsError:
                pass
            os.unlink(draft)
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError as error:
        raise Failure("store_error", "io", f"{path}: {error.strerror}", hint="look what it is")


def store_place(store_id: str) -> str:
    """Return a path as a file store's would be: its folder holds what is no row."""
    folder = os.path.join(state_folder(), "stores", store_id)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.path.join(folder, "store")
