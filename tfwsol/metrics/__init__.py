"""Measures of localization that never run a model."""

from tfwsol.metrics.part_focus import energy_inside, part_focus, part_only, peak_inside

__all__ = ["energy_inside", "part_focus", "part_only", "peak_inside"]
