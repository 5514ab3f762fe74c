"""Read a plan's text in one of its formats, within the limits of everything from outside."""

from orch.plans.document import MAX_BYTES, Document, text_fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orch.plans.document import Path

_LARGEST = 2**63 - 1


def read_document(text: str, kind: str) -> Document:
    """Return what `text` says in the format `kind`; problems of reading stand in it."""
    text = text.removeprefix("\ufeff")
    document = Document(text)
    if len(text.encode()) > MAX_BYTES:
        document.refuse((), f"a plan is at most {MAX_BYTES // 1024} KiB; split it")
        return document
    if kind == "yaml":
        from orch.plans import yaml_source as source
    elif kind == "toml":
        from orch.plans import toml_source as source  # type: ignore[no-redef]
    else:
        from orch.plans import json_source as source  # type: ignore[no-redef]
    source.fill(document, text)
    for start, value in [((), document.value), *document.more]:
        for path, fault in _faults(value):
            if not document.is_refused((*start, *path)):
                document.refuse((*start, *path), fault)
    return document


def _faults(value: object) -> "Iterator[tuple[Path, str]]":
    """Yield (place, fault) of every value that JSON or the store could not keep as it is."""
    stack: list[tuple[Path, object]] = [((), value)]
    while stack:
        path, found = stack.pop()
        if isinstance(found, dict):
            stack.extend(((*path, key), below) for key, below in reversed(found.items()))
            faulty = [key for key in found if text_fault(key)]
            yield from (((*path, key), f"its name {text_fault(key)}") for key in faulty)
        elif isinstance(found, list):
            stack.extend(((*path, i), below) for i, below in reversed(list(enumerate(found))))
        elif fault := _scalar_fault(found):
            yield path, fault


def _scalar_fault(value: object) -> str:
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, int):  # bool is one, and fits.
        return "" if -_LARGEST - 1 <= value <= _LARGEST else "is an integer beyond 64 bits"
    if isinstance(value, float):
        return "" if value - value == 0 else "is not a finite number"
    return "" if value is None else "is a date or time: put it into quotes"
