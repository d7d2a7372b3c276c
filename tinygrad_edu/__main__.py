"""``python -m tinygrad_edu COMMAND``.

A command is a module: the first line of its docstring is what the list of commands says of it, ``add_options(parser)``
declares its options, and ``run(options)`` runs it (``argparse.ArgumentTypeError``: the options cannot be worked with).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

COMMANDS = {"demo": ".demo", "lessons": ".lessons", "show": ".visualize.show"}


class Parser(argparse.ArgumentParser):
    """Errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")


def make_parser() -> Parser:
    parser = Parser(prog="tinygrad_edu", description="Reverse-mode autodiff on NumPy that speaks PyTorch's API.")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = import_module(module, __package__)
        summary = (command.__doc__ or "").partition("\n")[0]
        options = subparsers.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        command.add_options(options)
        options.set_defaults(run=command.run, parser=options)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. The exit status is 0, or 1: cannot write, 2: wrong options, 130: Ctrl-C, 141: nobody reads."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        options.run(options)
        if sys.stdout is not None:  # None where standard output is closed
            sys.stdout.flush()
    except argparse.ArgumentTypeError as error:
        options.parser.error(str(error))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what Python flushes when it exits
        if isinstance(error, BrokenPipeError):  # the reader has gone, as in `| head`
            return 141
        print(f"{options.parser.prog}: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
