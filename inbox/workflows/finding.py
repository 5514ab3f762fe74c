"""One finding of doctor, and how bad it is."""

from schema.failures import advice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from schema.steps import Step

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Check:
    """One finding; `next` are the commands that help, `hint` is what is to be said beside them.

    `fatal` means that the store must not be written to any more.
    """

    __slots__ = ("detail", "fatal", "hint", "name", "next", "status")

    def __init__(
        self,
        name: str,
        status: str,
        detail: str,
        hint: str = "",
        fatal: bool = False,
        next: "Iterable[Step]" = (),
    ) -> None:
        self.name = name
        self.status = status
        self.detail = detail
        self.hint = hint
        self.fatal = fatal
        self.next = tuple(next)

    @property
    def advice(self) -> str:
        """What helps, in one line; "" when nothing is known to."""
        return advice(self.hint, self.next)
