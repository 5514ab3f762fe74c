"""Signals: when one may stop a command, and what a stopped one leaves.

Not between a COMMIT and the printing of its answer: a committed change is still reported.
"""

import _thread


class Interrupted(BaseException):
    """A signal asked this process to stop; nothing of the open transaction is kept.

    Like KeyboardInterrupt no Exception: what undoes a failed effect leaves a stopped one, and
    its intent, to the next command.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Signals:
    """When a signal may stop us: not between a COMMIT and the printing of its answer.

    `install()` makes SIGHUP, SIGINT and SIGTERM raise Interrupted, or be remembered in `pending`
    while `shielded`; so "a committed change is still reported" (protocol 2). It is raised once:
    a second signal does not disturb the ending.
    """

    __slots__ = ("is_told", "pending", "shielded")

    def __init__(self) -> None:
        self.pending = 0
        self.shielded = False
        self.is_told = False

    def install(self) -> None:
        """Handle them from now on (main thread only); `nohup` keeps SIGHUP ignored."""
        import _signal

        for number in (1, 2, 15):
            if number != 1 or _signal.getsignal(number) != _signal.SIG_IGN:
                _signal.signal(number, self._on_signal)
        _heeding[:] = [(_thread.get_ident(), self)]

    def _on_signal(self, number: int, _frame: object) -> None:
        is_first = not self.pending
        self.pending = number
        if is_first and not self.shielded:
            raise Interrupted(number)

    def shield(self) -> None:
        """From here on a signal waits until the answer is out."""
        self.shielded = True

    def keep(self) -> None:
        """What is shielded now stays so to the end, whatever is read to tell it."""
        self.is_told = self.shielded

    def lower(self) -> None:
        """A signal may stop us again, unless what happened is being told.

        Raises: Interrupted for one that came meanwhile.
        """
        if self.is_told:
            return
        self.shielded = False
        if self.pending:
            raise Interrupted(self.pending)


_heeding: list[tuple[int, Signals]] = []  # The main thread and its signals, once installed.


def heed() -> None:
    """Say that a long effect begins: from here on a signal may stop this command.

    For the doors to programs and to git, which know no store: the shield of a COMMIT before
    them ends there. On any other thread it does nothing. Raises: Interrupted.
    """
    for thread, signals in _heeding:
        if thread == _thread.get_ident():
            signals.lower()


def hold_off() -> None:
    """Let a signal wait until the next `heed`: what it would have to end is not known yet."""
    for thread, signals in _heeding:
        if thread == _thread.get_ident():
            signals.shield()
