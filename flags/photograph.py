"""The flag that names photographs."""

from __future__ import annotations

import pathlib

from absl import flags

from tfwsol.data.photograph import find_images

FLAGS = flags.FLAGS

flags.DEFINE_string("image", None, "FILE, DIR or quoted GLOB of photographs (the demo: one FILE).")


def photographs_from_flags() -> list[pathlib.Path]:
    """The photographs that the flag names.

    Raises:
        ValueError: If the flag is missing or names no photograph.
    """
    if not FLAGS.image:
        raise ValueError("Expected --image=FILE, DIR or 'GLOB'; see --help.")
    return find_images(FLAGS.image)


def photograph_from_flags(otherwise: pathlib.Path) -> pathlib.Path:
    """The one photograph that the flag names, or another where it names none."""
    return pathlib.Path(FLAGS.image).expanduser() if FLAGS.image else otherwise
