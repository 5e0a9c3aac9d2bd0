"""Keras layers; importing this package registers them for loading `.keras` files."""

from tfwsol.layers.attention_filter import AttentionFilter

__all__ = ["AttentionFilter"]
