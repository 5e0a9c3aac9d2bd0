"""Holds the layout of the project: floors, file names and sizes, what an import costs."""

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from import_floors import AT_THE_TOP, imports_of, sources, violations

ROOT = Path(__file__).parent.parent
FILES = sources(ROOT)
EMPTY_NAMES = {"utils", "core", "misc", "helpers", "common"}


def test_the_project_is_found():
    assert PurePosixPath("tfwsol/__init__.py") in FILES
    assert PurePosixPath("tfwsol/localization.py") in FILES
    assert {file.parts[0] for file in FILES} >= {"tfwsol", "custom_ops", "flags", "scripts"}


def test_every_import_goes_down():
    found = [line for file in FILES for line in violations((ROOT / file).read_text(), file)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_names_and_sizes(file):
    lines = (ROOT / file).read_text().count("\n")
    assert file.stem not in EMPTY_NAMES, "a file is named by its idea"
    assert lines <= 400, "one idea per file"
    if file.parts[0] == "scripts":
        assert lines < 80, "a script holds flags, one call and a print"


def test_test_files_are_readable_too():
    long = [file for file in (ROOT / "tests").rglob("*.py") if file.read_text().count("\n") > 400]
    assert not long


HEAVY = ("tensorflow_datasets", "cv2", "PIL", "matplotlib", "jinja2", "tqdm")


def test_importing_tfwsol_is_light():
    """Keras itself may import some of these, so only what tfwsol adds to it counts."""
    program = (
        "import sys, keras; before = set(sys.modules); import tfwsol;"
        "print(*(set(sys.modules) - before), sep='\\n')"
    )
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    added = run.stdout.split()
    assert "tfwsol.localization" in added
    assert not [name for name in added if name.split(".")[0] in HEAVY]
    assert not [name for name in added if name.startswith("tfwsol.") and name.split(".")[1] in LAZY]


LAZY = (
    *("boxes", "custom_ops", "ops", "data", "metrics"),
    *("evaluation", "training", "visualization"),
)


def objections(path, source):
    return violations(source, PurePosixPath(path))


@pytest.mark.parametrize(
    ("path", "source", "reason"),
    [
        ("tfwsol/layers/a.py", "from tfwsol.methods import cam", "from floor 4"),
        ("tfwsol/layers/a.py", "from tfwsol import methods", "from floor 4"),
        ("tfwsol/layers/a.py", "import tfwsol.methods.cam", "from floor 4"),
        ("tfwsol/layers/a.py", "import tfwsol.methods.cam as c", "from floor 4"),
        ("tfwsol/layers/a.py", "from ..methods import cam", "from floor 4"),
        ("tfwsol/layers/a.py", "from .. import methods", "from floor 4"),
        ("tfwsol/layers/__init__.py", "from ..methods import cam", "from floor 4"),
        ("tfwsol/data/critters/a.py", "from ...methods import cam", "from floor 4"),
        ("tfwsol/layers/a.py", "def f():\n    from tfwsol.methods import cam", "from floor 4"),
        ("tfwsol/layers/a.py", "if TYPE_CHECKING:\n    from tfwsol import data", "from floor 2"),
        ("tfwsol/layers/a.py", "import_module('tfwsol.methods')", "from floor 4"),
        ("tfwsol/layers/a.py", "importlib.import_module('tfwsol.methods.cam')", "from floor 4"),
        ("tfwsol/layers/a.py", "import_module('..methods', __package__)", "from floor 4"),
        ("tfwsol/layers/a.py", "import_module('.methods', 'tfwsol')", "from floor 4"),
        ("tfwsol/layers/a.py", "__import__('tfwsol.methods')", "from floor 4"),
        ("tfwsol/layers/a.py", "pkgutil.resolve_name('tfwsol.methods:CAM')", "from floor 4"),
        (
            "tfwsol/layers/a.py",
            "from importlib import import_module as im\nim('tfwsol.methods')",
            "from floor 4",
        ),
        ("tfwsol/layers/a.py", "import_module(f'tfwsol.{name}')", "computed at run time"),
        ("tfwsol/layers/a.py", "import tfwsol.boxes\ntfwsol.methods.CAM", "from floor 4"),
        ("tfwsol/layers/a.py", "import tfwsol as t\nt.methods.CAM", "through the facade"),
        ("tfwsol/metrics/a.py", "from tfwsol import Localization", "through the facade"),
        ("tfwsol/metrics/a.py", "from tfwsol import layers", "from floor 2"),
        ("tfwsol/layers/a.py", "from tfwsol import data", "from floor 2"),
        ("tfwsol/ops/a.py", "from tfwsol import boxes", "from floor 1"),
        ("tfwsol/visualization/a.py", "from tfwsol import evaluation", "from floor 5"),
        ("tfwsol/evaluation/a.py", "from tfwsol import training", "from floor 5"),
        ("flags/a.py", "from tfwsol.scripts import demo", "from floor 6"),
        ("flags/a.py", "from ..methods import cam\nfrom ..scripts import demo", "from floor 6"),
        ("scripts/a.py", "from flags import image", "called 'tfwsol.flags'"),
        ("scripts/a.py", "import scripts.demo", "called 'tfwsol.scripts'"),
        ("tfwsol/methods/a.py", "from tfwsol.flags import image", "from floor 6"),
        ("tfwsol/ops/a.py", "import custom_ops.build", "called 'tfwsol.custom_ops'"),
        ("custom_ops/build.py", "from tfwsol import ops", "from floor 1"),
        ("tfwsol/localization.py", "from tfwsol import boxes", "from floor 1"),
        ("tfwsol/layers/a.py", "import tensorflow as tf", "imports 'tensorflow'"),
        ("tfwsol/backbones/a.py", "def f():\n    import tensorflow.keras", "imports 'tensorflow'"),
        ("tfwsol/visualization/a.py", "from tensorflow import io", "imports 'tensorflow'"),
        ("tfwsol/boxes/a.py", "import_module('tensorflow')", "imports 'tensorflow'"),
        ("tfwsol/localization.py", "import tensorflow", "imports 'tensorflow'"),
        ("tfwsol/methods/a.py", "import matplotlib.pyplot as plt", "imports 'matplotlib'"),
        ("tfwsol/__init__.py", "from tfwsol import data", "eagerly"),
        ("tfwsol/__init__.py", "try:\n    import tfwsol.data\nfinally:\n    x = 1", "eagerly"),
        ("tfwsol/sundries/a.py", "x = 1", "stands on no floor"),
        ("tfwsol/sundries.py", "x = 1", "stands on no floor"),
    ],
)
def test_a_forbidden_import_is_named(path, source, reason):
    found = objections(path, source)
    assert found, source
    assert any(reason in line and line.startswith(path) for line in found), found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tfwsol/methods/a.py", "from tfwsol import graph\nfrom ..layers import adl"),
        ("tfwsol/methods/a.py", "import tensorflow as tf\nfrom . import contract"),
        ("tfwsol/methods/a.py", "import tfwsol.graph\ntfwsol.graph.split(m, 'x')"),
        ("tfwsol/methods/a.py", "from tfwsol.localization import Localization"),
        ("tfwsol/boxes/a.py", "from tfwsol import ops\nimport cv2"),
        ("tfwsol/data/critters/a.py", "from tfwsol.layers import x\nfrom .. import registry"),
        ("tfwsol/training/a.py", "from tfwsol import __version__, evaluation, visualization"),
        ("tfwsol/layers/a.py", "import keras\nimport_module('json')"),
        ("tfwsol/layers/a.py", "import tfwsolutions\nfrom .flags import x"),
        ("tfwsol/ops/a.py", "from tfwsol.custom_ops import build"),
        ("scripts/a.py", "import tfwsol\nfrom tfwsol.flags import image\ntfwsol.methods.CAM"),
        ("tfwsol/__init__.py", "from tfwsol import layers\ndef f():\n    import tfwsol.data"),
        ("tfwsol/__init__.py", "def __getattr__(n):\n    return import_module(f'tfwsol.{n}')"),
    ],
)
def test_an_allowed_import_passes(path, source):
    assert objections(path, source) == []


def test_violations_give_the_line():
    (found,) = objections("tfwsol/layers/a.py", "import keras\n\n\nfrom tfwsol import methods\n")
    assert found.startswith("tfwsol/layers/a.py:4: layers on floor 2 imports 'methods'")


def test_top_packages_are_resolved_inside_tfwsol():
    names = [name for _, name in imports_of("from . import image", PurePosixPath("flags/a.py"))]
    assert names == ["tfwsol.flags.image"]
    assert AT_THE_TOP == ("flags", "scripts", "custom_ops")
