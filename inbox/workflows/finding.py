"""One finding of doctor, and how bad it is."""

OK, WARNING, PROBLEM = "ok", "warning", "problem"


class Check:
    """One finding; `fatal` means that the store must not be written to any more."""

    __slots__ = ("detail", "fatal", "hint", "name", "status")

    def __init__(
        self, name: str, status: str, detail: str, hint: str = "", fatal: bool = False
    ) -> None:
        self.name = name
        self.status = status
        self.detail = detail
        self.hint = hint
        self.fatal = fatal
