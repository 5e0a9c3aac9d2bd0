"""Imports tfwsol without TensorFlow's greeting, for scripts that are started from a checkout.

The greeting is written to file descriptor 2 before any log level is read. Where tfwsol is
installed its commands have imported TensorFlow before any script could do this.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import tfwsol.flags.command  # noqa: F401
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)
