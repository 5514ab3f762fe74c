"""Help texts of groups: commands by their purpose, each with its whole sentence.

click lists commands by the alphabet and cuts their sentences short. Here a program's commands
stand in the order of its sections, and a group's in the order of the table.
"""

from collections.abc import Iterable

import click

from inbox.cli.help_sections import Section, Sections


class Group(click.Group):
    """A first word with commands below it, like `queue`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands as the table has them."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its sentence."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence(found)) for name, found in self.commands.items()])

    def find(self, words: str) -> click.Command:
        """Return the command or the group of these words, which is there."""
        first, _, rest = words.partition(" ")
        found = self.commands[first]
        return found.find(rest) if rest and isinstance(found, Group) else found


class Root(Group):
    """A program: its commands come first and by purpose, then its options."""

    sections: Sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by their purpose, then the options."""
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections."""
        every = (self.sections.first, *self.sections.all)
        width = max(len(words) for section in every for words in section.words)
        for section in every:
            formatter.write(f"\n{section.title}: {section.sentence}\n")
            with formatter.indentation():
                formatter.write_dl(self._rows(section, width))

    def _rows(self, section: Section, width: int) -> Iterable[tuple[str, str]]:
        for words in section.words:
            yield words.ljust(width), sentence(self.find(words))


def sentence(command: click.Command) -> str:
    """Return a command's sentence, or a group's with the names of what is below it."""
    text = (command.help or "").partition("\n\n")[0]
    if isinstance(command, Group):
        return f"{text.rstrip('.')} ({', '.join(command.commands)})."
    return text
