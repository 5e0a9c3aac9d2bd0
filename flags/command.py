"""How every command starts and fails: one clear sentence and a non-zero exit, no traceback."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Sequence

from absl import app, flags

flags.DEFINE_bool("traceback", False, "Show the whole Python traceback of an error.")


def run(main: Callable[[Sequence[str]], int | None]) -> None:
    """Parses the flags and runs a command; what the user got wrong ends it with one sentence.

    Args:
        main: Takes what is left of the command line; returns the exit code or None.
    """
    for name, defined in flags.FLAGS.flags_by_module_dict().items():
        for flag in defined if name.startswith("tfwsol.flags.") else ():
            # Else --help lists only flags that the script itself defines, which are none.
            flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)
    app.run(lambda argv: sys.exit(guarded(main, argv)))


def guarded(main: Callable[[Sequence[str]], int | None], argv: Sequence[str]) -> int:
    """The exit code of a command; a foreseeable error is printed as one sentence."""
    try:
        return main(argv) or 0
    except (ValueError, OSError, FloatingPointError) as error:
        if flags.FLAGS.traceback:
            raise
        words = " ".join(str(error).split())
        if getattr(error, "errno", None) == errno.ENOSPC:
            words = f"The disk is full ({words}); free some space and run the same command again."
        elif getattr(error, "filename", None) and error.strerror:
            words = f"{error.filename} cannot be used ({error.strerror}); name another path."
        print(f"{argv[0].rsplit('/', 1)[-1]}: {words}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; run the same command again to go on.", file=sys.stderr)
        return 130
