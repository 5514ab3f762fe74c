"""Quick start of a console script, before its first import: a command is mostly its start-up.

Owns: the collector, how apsw and our own modules are imported. Guarantees: the same modules as
Python's own imports would give; whatever is unusual is left to those. Never used by libraries or
tests: only inbox/cli/bin and orch/cli/bin call `prepare()` (docs/decisions/0002-shipped-scripts.md
has the measurements).
"""

import gc
import os
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_OURS = frozenset(("schema", "inbox", "orch", "council"))
_TOP = __file__.rpartition("/schema/")[0]
_TAG = sys.implementation.cache_tag
_UNCHANGED = MAGIC_NUMBER + bytes(4)  # How a compiled file begins that names its source's time.
# New objects until the first collection: a short process ends before one pays, a long one has some.
_BETWEEN_COLLECTIONS = 200_000
_MOST_BYTES = 65_536  # Of a compiled file; one that is longer is left to Python.


def prepare() -> None:
    """Make this process cheap to start; called once, first of all."""
    gc.set_threshold(_BETWEEN_COLLECTIONS)
    if not (sys.flags.optimize or sys.pycache_prefix):
        sys.meta_path.insert(0, CompiledFinder)
    _import_apsw()


def _import_apsw() -> None:
    """Import apsw without `collections`, of which it wants two classes only: a tenth of a start.

    The interpreter has them from its own start; the borrowed names are given back at once.
    """
    lent = sys.modules.get("_collections_abc")
    names = ("collections", "collections.abc")
    if lent is None or names[0] in sys.modules:
        return
    for name in names:
        sys.modules[name] = lent
    try:
        import apsw  # noqa: F401 - it stays in sys.modules
    finally:
        for name in names:
            del sys.modules[name]


class CompiledFinder:
    """Finds our own modules by one stat and one read, where Python takes six and three.

    Only a module whose compiled file is fresh: it begins with this Python's number, its source's
    time and its size. Anything else (edited, not compiled, not ours) is left to Python.
    """

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return how to load the module `name`, or None."""
        if name.partition(".")[0] not in _OURS:
            return None
        stem = f"{_TOP}/{name.replace('.', '/')}"
        return _fresh(name, stem) or _fresh(name, stem + "/__init__", [stem])


class _Loader(SourceFileLoader):
    """Python's own, except that the code is there already."""

    def __init__(self, name: str, path: str, code: "CodeType") -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, _name: str) -> "CodeType":
        """Return it."""
        return self._code


def _fresh(name: str, stem: str, inside: list[str] | None = None) -> ModuleSpec | None:
    """Return how to load a module from its compiled file, None if that is not fresh."""
    folder, _, last = stem.rpartition("/")
    compiled = f"{folder}/__pycache__/{last}.{_TAG}.pyc"
    source = stem + ".py"
    try:
        found = os.stat(source)
        fd = os.open(compiled, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    content = os.read(fd, _MOST_BYTES)
    os.close(fd)
    time, size = int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF
    head = _UNCHANGED + time.to_bytes(4, "little") + size.to_bytes(4, "little")
    if len(content) == _MOST_BYTES or not content.startswith(head):
        return None
    code = loads(memoryview(content)[16:])  # noqa: S302 - the file that Python itself would load
    spec = ModuleSpec(name, _Loader(name, source, code), origin=source)
    spec.has_location = True
    spec.cached = compiled  # Else Python works it out again, for a sixth of the import.
    spec.submodule_search_locations = inside
    return spec
