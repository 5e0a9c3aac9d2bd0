"""Keras layers; importing this package registers them for loading `.keras` files."""

from tfwsol.layers.adl import ADL
from tfwsol.layers.adversarial_erasing import AdversarialErasing
from tfwsol.layers.attention_filter import AttentionFilter
from tfwsol.layers.class_activation_head import ClassActivationHead
from tfwsol.layers.class_attention import class_attention, min_max
from tfwsol.layers.cut_mix import CutMix, CutMixDraw
from tfwsol.layers.hide_and_seek import HideAndSeek
from tfwsol.layers.self_produced_guidance import (
    guidance_loss,
    guidance_mask,
    self_produced_guidance_loss,
)
from tfwsol.layers.squeeze_excite import SqueezeExcite

__all__ = [
    "ADL",
    "AdversarialErasing",
    "AttentionFilter",
    "ClassActivationHead",
    "CutMix",
    "CutMixDraw",
    "HideAndSeek",
    "SqueezeExcite",
    "class_attention",
    "guidance_loss",
    "guidance_mask",
    "min_max",
    "self_produced_guidance_loss",
]
