"""Pictures of what a model saw: overlays, contact sheets, films and the HTML report."""

from tfwsol.visualization.atomic_write import replacing, write_json, write_png, write_text
from tfwsol.visualization.box_drawing import draw_boxes
from tfwsol.visualization.captions import captions, class_name
from tfwsol.visualization.contact_sheets import SheetRow, contact_sheet, lay_out
from tfwsol.visualization.convergence_film import convergence_gif
from tfwsol.visualization.curves import Line, line_plot
from tfwsol.visualization.heat_map import normalise_maps, resize_maps
from tfwsol.visualization.overlays import overlay
from tfwsol.visualization.report import (
    Figure,
    Report,
    Section,
    Table,
    render_report,
    write_report,
)

__all__ = [
    "Figure",
    "Line",
    "Report",
    "Section",
    "SheetRow",
    "Table",
    "captions",
    "class_name",
    "contact_sheet",
    "convergence_gif",
    "draw_boxes",
    "lay_out",
    "line_plot",
    "normalise_maps",
    "overlay",
    "render_report",
    "replacing",
    "resize_maps",
    "write_json",
    "write_png",
    "write_report",
    "write_text",
]
