"""click, built from the same table: help, completion, and the words for what is wrong.

Only loaded when the small parser hands over. Click splits; values are bound by parse.bind()
for both, so there is one rule for each kind of value.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from inbox.cli import parse as parse_argv
from inbox.cli.click_help import Group, Root
from inbox.cli.grammar import Command, Option, Program
from inbox.cli.help_sections import Sections
from inbox.cli.output import OutputLost, write_out
from schema.failures import Failure, invalid_input
from schema.version import __version__

Raw = dict[str, list[str]]


class _Chosen(Exception):
    """A command line that click could split: not an error, the way out of click."""

    def __init__(self, command: Command, raw: Raw) -> None:
        super().__init__(command.words)
        self.command = command
        self.raw = raw


def parse(program: Program, argv: list[str]) -> tuple[Command, Raw] | int:
    """Return what click makes of argv: a command with its texts, or an exit status.

    Help and completion are printed here; errors come out as invalid_input (exit 30).
    """
    root = build(program)
    argv, behind = _without_last(program, argv)
    try:
        root.main(args=argv, prog_name=program.name, standalone_mode=False)
    except _Chosen as chosen:
        return chosen.command, chosen.raw | behind
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        if "--json" in argv:  # A program asked: a help text is no answer.
            raise invalid_input("missing command", reason="flag") from error
        write_out(error.format_message() + "\n")
        return 0
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        raise _failure(error) from error
    except OSError as error:  # From printing a help text.
        raise OutputLost(error.strerror or "cannot write") from error
    return 0


def _without_last(program: Program, argv: list[str]) -> tuple[list[str], Raw]:
    """Return (argv up to `--`, what follows it) where the command has an argument for that."""
    command = program.commands.get(parse_argv.typed(program, argv)[0])
    option = parse_argv.last_of(command) if command is not None else None
    if command is None or option is None:
        return list(argv), {}
    at = parse_argv.first_word(program, argv) or 0
    values = {o.flag for o in (*program.globals, *command.options) if o.kind != "flag"}
    while at < len(argv) and argv[at] != "--":
        at += 2 if argv[at] in values else 1  # What an option takes is no mark, even if it is --.
    behind = argv[at + 1 :]
    return argv[:at], {option.dest: behind} if behind else {}


def _failure(error: click.ClickException) -> Failure:
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else ""
    hint = f"see: {where} --help" if where else ""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        hint = "did you mean " + " or ".join(sorted(error.possibilities)) + "?"
    elif isinstance(error, click.UsageError) and "No such command" in error.format_message():
        hint = _near_command(error, context) or hint
    return invalid_input(error.format_message().rstrip("."), reason="flag", hint=hint)


def _near_command(error: click.UsageError, context: click.Context | None) -> str:
    from difflib import get_close_matches

    if context is None or not isinstance(context.command, click.Group):
        return ""
    typed = error.format_message().split("'")[1:2]
    near = get_close_matches(typed[0], list(context.command.commands), 3) if typed else []
    return f"did you mean {' or '.join(near)}?" if near else ""


def build(program: Program) -> click.Group:
    """Return the click group of a program."""
    root = Root(
        name=program.name,
        help=program.summary,
        params=[_option(option) for option in program.globals],
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
        epilog="Every command has --help with an example. Exit codes: 0 done, 10 nothing, "
        "20 not yours, 30 bad input or state, 40 not found, 60 busy, 70 store, 90 refused.",
        no_args_is_help=True,
        callback=lambda **_: None,
    )
    version = click.version_option(__version__, "--version", message=f"{program.name} %(version)s")
    version(root)
    root.sections = sections(program)
    for command in program.commands.values():
        parent: Group = root
        *groups, name = command.words.split(" ")
        for group in groups:
            found = parent.commands.get(group)
            if not isinstance(found, Group):
                found = Group(
                    name=group,
                    help=root.sections.groups[group],
                    params=[_option(option, hidden=True) for option in program.globals],
                    callback=lambda **_: None,
                    context_settings={"help_option_names": ["--help", "-h"]},
                )
                parent.add_command(found)
            parent = found
        parent.add_command(_command(program, command, name))
    return root


def sections(program: Program) -> Sections:
    """Return the order of a program's help."""
    module, _, name = program.sections.partition(":")
    found: Sections = getattr(import_module(module), name)
    return found


def _command(program: Program, command: Command, name: str) -> click.Command:
    own = {option.flag for option in command.options}
    params = [_option(option) for option in command.options if not option.last]
    params += [_option(o, hidden=True) for o in program.globals if o.flag not in own]

    def _callback(**_values: Any) -> None:
        context: click.Context | None = click.get_current_context()
        raw: Raw = {}
        while context is not None:
            for dest, value in context.params.items():  # The command's own come first.
                texts = _texts(value)
                if texts and dest not in raw:
                    raw[dest] = texts
            context = context.parent
        raise _Chosen(command, raw)

    return click.Command(
        name=name,
        help=_told(command),
        params=params,
        callback=_callback,
        epilog=f"\b\nExample:\n  {command.example}",
        context_settings={"help_option_names": ["--help", "-h"]},
    )


def _told(command: Command) -> str:
    """Return what the help says of a command."""
    parts = [command.summary, command.note]
    parts += [f"Last, after --: {o.flag}, {o.help}." for o in command.options if o.last]
    return "\n\n".join(part for part in parts if part)


def _texts(value: Any) -> list[str]:
    if value is None or value is False or value == ():
        return []
    if value is True:
        return ["1"]
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _option(option: Option, *, hidden: bool = False) -> click.Parameter:
    if not option.flag.startswith("-"):
        return click.Argument(
            [option.dest], required=False, nargs=-1 if option.many else 1, metavar=option.flag
        )
    help_text = option.help + (f" [env {option.env}]" if option.env else "")
    if option.required:
        help_text += " (required)"
    elif option.default not in (None, "", ()):
        help_text += f" (default {_shown(option.default)})"
    if option.kind == "flag":
        flags = [option.flag, option.short] if option.short else [option.flag]
        return click.Option([*flags, option.dest], is_flag=True, help=option.help, hidden=hidden)
    return click.Option(
        [option.flag, option.dest],
        help=help_text,
        multiple=option.many,
        hidden=hidden,
        metavar=_METAVARS.get(option.kind, "TEXT"),
        shell_complete=_completer(option.choices) if option.choices else None,
    )


def _completer(
    choices: tuple[str, ...],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what offers the choices that begin as typed, in a comma list too."""

    def _offer(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
        done, comma, last = typed.rpartition(",")
        return [done + comma + choice for choice in choices if choice.startswith(last)]

    return _offer


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


_METAVARS = {
    "name": "NAME", "addressee": "NAME", "pool": "POOL", "path": "PATH", "thread": "THREAD",
    "message": "MESSAGE", "event": "EVENT", "count": "N", "natural": "N", "integer": "N",
    "duration": "DURATION", "lease": "DURATION", "json": "JSON", "key": "KEY", "token": "TOKEN",
    "choice": "CHOICE", "choices": "LIST", "names": "NAMES",
}  # fmt: skip


def completion_script(program: Program, shell: str) -> str:
    """Return the shell script that completes the program's commands."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    return found(build(program), {}, program.name, f"_{program.name.upper()}_COMPLETE").source()
