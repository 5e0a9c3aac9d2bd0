"""Settings that have to stand before TensorFlow, matplotlib or tfds are imported."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("NO_GCE_CHECK", "true")  # tfds otherwise asks the network where it runs
