"""The flags that were given, for the record."""

from __future__ import annotations

from typing import Any

from absl import flags

FLAGS = flags.FLAGS


def flags_given() -> dict[str, Any]:
    """The flags of tfwsol that were given, by name."""
    return {
        f"--{flag.name}": flag.value if isinstance(flag.value, int | float) else str(flag.value)
        for module, defined in FLAGS.flags_by_module_dict().items()
        if module.startswith("tfwsol.flags.")
        for flag in defined
        if flag.present or flag.using_default_value is False
    }
