"""YAML with lines, by PyYAML's safe loader, read as events so that nothing is ever expanded.

Refused: aliases and anchors (so no bomb can be built), tags, merge keys, duplicate keys, keys
that are no text, too much depth. A date stays the text that was written. Several documents in a
text are several parts of one plan.
"""

import yaml

from orch.plans.document import MAX_DEPTH
from schema.value import Value, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from orch.plans.document import Document, Path

# libyaml's parser where PyYAML was built with it; both are the safe loader.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_AS_WRITTEN = frozenset(_TAG + word for word in ("str", "timestamp", "value", "merge"))
_MOST_DOCUMENTS = 10_000
_LONGEST_NUMBER = 64  # `1:1:1:…` is a number in base 60: cheap to write, dear to read.


class _TooDeep(Exception):
    """Nothing behind this is read: the parser's time would grow with the square of the depth."""


class _Open(Value):
    """A mapping or sequence whose end has not come yet."""

    container: dict[str, object] | list[object]
    path: "Path"
    key: str | None = None  # Of a mapping: the key whose value comes next.


def fill(document: "Document", text: str) -> None:
    """Read YAML into `document`."""
    loader = None
    try:
        loader = _LOADER(text)
        _YamlReader(document, loader).run()
    except _TooDeep as found:
        document.refuse((), f"is nested deeper than {MAX_DEPTH}", found.args[0])
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        document.refuse((), f"is not valid YAML: {error.problem or error.context}", line)
    except yaml.YAMLError as error:  # A character that YAML does not allow.
        place = getattr(error, "position", None)
        line = text.count("\n", 0, place) + 1 if isinstance(place, int) else 1
        document.refuse((), f"is not valid YAML: {getattr(error, 'reason', error)}", line)
    finally:
        if loader is not None:
            loader.dispose()


class _YamlReader(Value):
    """One pass over the events of a loader; recursion-free, so depth costs nothing."""

    document: "Document"
    loader: "Any"
    open: list[_Open] = own(factory=list)
    skipping: int = 0  # Depth inside something that was refused whole.
    documents: int = 0

    def run(self) -> None:
        """Read all events into the document, or until one that cannot be gone past."""
        while self.loader.check_event():
            event = self.loader.get_event()
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > _MOST_DOCUMENTS:
                    line = event.start_mark.line + 1
                    self.document.refuse((), f"holds more than {_MOST_DOCUMENTS} documents", line)
                    return
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                if self.skipping:
                    self.skipping -= 1
                else:
                    self.open.pop()
            elif isinstance(event, yaml.NodeEvent):
                self._node(event)

    def _node(self, event: "Any") -> None:
        begins = isinstance(event, yaml.CollectionStartEvent)
        if begins and len(self.open) + self.skipping >= MAX_DEPTH:
            raise _TooDeep(event.start_mark.line + 1)
        if self.skipping:
            self.skipping += begins
            return
        inside = self.open[-1] if self.open else None
        line = event.start_mark.line + 1
        if inside is not None and isinstance(inside.container, dict) and inside.key is None:
            self._key(inside, event, line)
            return
        path = self._place(inside)
        self.document.lines.setdefault(path, line)
        if fault := _forbidden(event):
            self.document.refuse(path, fault, line)
            self.skipping += begins
            self._put(inside, None)
        elif isinstance(event, yaml.ScalarEvent):
            self._put(inside, self._scalar(event, path, line))
        else:
            mapping = isinstance(event, yaml.MappingStartEvent)
            container: dict[str, object] | list[object] = {} if mapping else []
            self._put(inside, container)
            self.open.append(_Open(container, path))

    def _key(self, inside: _Open, event: "Any", line: int) -> None:
        """Take an event as the next key of a mapping; a bad one is told and given a stand-in."""
        assert isinstance(inside.container, dict)
        fault = _forbidden(event)
        key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        path = (*inside.path, key)
        if not isinstance(event, yaml.ScalarEvent):
            self.skipping += isinstance(event, yaml.CollectionStartEvent)
            fault = fault or "a key must be text"
        elif not fault and key == "<<" and event.implicit[0]:
            fault = "merge keys are not read; write the fields out"
        elif not fault and key in inside.container:
            fault = "is there twice"
        if fault:
            self.document.refuse(path, fault, line)
        self.document.lines[(*inside.path, key)] = line
        inside.key = key

    def _scalar(self, event: "Any", path: "Path", line: int) -> object:
        tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag in _AS_WRITTEN:
            return event.value
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            if len(event.value) > _LONGEST_NUMBER:
                raise ValueError("too long")
            return self.loader.construct_object(node)
        except ValueError:
            self.document.refuse(path, f"{event.value[:40]!r} is not a number; quote it", line)
            return None

    def _place(self, inside: _Open | None) -> "Path":
        if inside is None:
            return (f"document {self.documents}",) if self.documents > 1 else ()
        if isinstance(inside.container, list):
            return (*inside.path, len(inside.container))
        assert inside.key is not None
        return (*inside.path, inside.key)

    def _put(self, inside: _Open | None, value: object) -> None:
        if inside is None and self.documents > 1:
            self.document.more.append((self._place(None), value))
        elif inside is None:
            self.document.value = value
        elif isinstance(inside.container, list):
            inside.container.append(value)
        else:
            assert inside.key is not None
            inside.container[inside.key] = value
            inside.key = None


def _forbidden(event: "Any") -> str:
    """Return why an event is not read, or "" for plain content."""
    if isinstance(event, yaml.AliasEvent):
        return f"*{event.anchor}: aliases are not read; write it out"
    if event.anchor is not None:
        return f"&{event.anchor}: anchors are not read; write it out"
    return f"{event.tag}: tags are not read; quote text instead" if event.tag is not None else ""
