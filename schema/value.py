"""Value classes: their fields are annotated, and filled by place or by name.

What dataclasses do, whose import costs a command 20 ms. Not for what hot commands load: there a
module more costs more than the lines that it saves.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> "Callable[[type], type]":
        """Return what leaves a class as it is: only mypy reads it."""
        return lambda kind: kind


class _Own:
    """A default that each value gets anew."""

    def __init__(self, factory: "Callable[[], Any]") -> None:
        self.factory = factory


def own(*, factory: "Callable[[], T]") -> "T":
    """Return the default of a field that values must not share: what `factory` makes for each."""
    made: Any = _Own(factory)
    return made  # type: ignore[no-any-return]


@dataclass_transform(field_specifiers=(own,))
class Value:
    """A value whose class only annotates its fields; those with a default may be left out.

    No slots: names would stand twice. mypy holds every call against the fields.
    """

    _fields: "tuple[str, ...]" = ()
    _own: "tuple[tuple[str, Callable[[], Any]], ...]" = ()

    def __init_subclass__(cls) -> None:
        fields = tuple(cls.__annotations__)
        cls._fields += fields
        for name in fields:
            default = getattr(cls, name, None)
            if type(default) is _Own:
                cls._own += ((name, default.factory),)
                delattr(cls, name)

    def __init__(self, *given: object, **named: object) -> None:
        fields = self.__dict__
        fields.update(zip(self._fields, given, strict=False))
        fields.update(named)
        for name, factory in self._own:
            if name not in fields:
                fields[name] = factory()
