"""The flag of the folder that results go to."""

from __future__ import annotations

import pathlib

from absl import flags

FLAGS = flags.FLAGS

flags.DEFINE_string("output_dir", None, "Where results go; default: runs/<command>.")


def output_dir_from_flags(default: str) -> pathlib.Path:
    """The output folder, with ~ expanded.

    Raises:
        ValueError: If it exists and is no folder.
    """
    folder = pathlib.Path(FLAGS.output_dir or default).expanduser()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--output_dir={folder} is a file; name a folder.")
    return folder
