"""Finding the attention filter of L2-CAF: what is minimised, and the ways to minimise it.

Shapes throughout: rows are images × classes; a filter is rows × frames × height × width, with
one frame for still images. Every frame has unit norm.
"""
