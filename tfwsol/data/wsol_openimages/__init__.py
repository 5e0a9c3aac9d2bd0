"""OpenImages30k: photographs of a hundred classes with masks instead of boxes."""
