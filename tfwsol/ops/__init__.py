"""The Python face of the compiled operations, each beside its plain twin.

An operation is loaded, or built, when it is first used. Where that cannot be, its twin gives
the same results more slowly; TFWSOL_CUSTOM_OPS=auto|off|require decides (`tfwsol.ops.library`).
"""

from tfwsol.ops.box_sweep import box_sweep
from tfwsol.ops.box_sweep_twin import box_sweep_twin
from tfwsol.ops.conv_gating import conv_gating, pack_kernel
from tfwsol.ops.dense_gating import bridge_gating, dense_gating
from tfwsol.ops.pool_gating import pool_gating

__all__ = [
    "box_sweep",
    "box_sweep_twin",
    "bridge_gating",
    "conv_gating",
    "dense_gating",
    "pack_kernel",
    "pool_gating",
]
