"""Packages of tfwsol; everything that is data about the project stands in pyproject.toml."""

import importlib.util
import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

AT_THE_TOP = {
    "tfwsol.custom_ops": "custom_ops",
    "tfwsol.flags": "flags",
    "tfwsol.scripts": "scripts",
}
"""Packages that stand at the top of the repository and are installed inside tfwsol."""

spec = importlib.util.spec_from_file_location("build", Path("custom_ops", "build.py"))
custom_ops = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = custom_ops
spec.loader.exec_module(custom_ops)


class BuildCustomOps(build_ext):
    """Compiles the operations where TensorFlow and a compiler are there, else leaves them out.

    What is left out is built when it is first used (`tfwsol.ops.library`).
    """

    def run(self) -> None:
        """Builds all into the build directory, or into the checkout when that is installed."""
        root = Path() if self.inplace or self.editable_mode else Path(self.build_lib)
        try:
            tensorflow = custom_ops.installed_tensorflow()
            for op in custom_ops.OPS:
                custom_ops.build(op, root / "tfwsol" / "ops", tensorflow)
        except custom_ops.BuildError as error:
            print(f"The compiled operations are left for their first use: {error}.")

    def get_outputs(self) -> list[str]:
        """The files that were built."""
        folder = Path(self.build_lib, "tfwsol", "ops")
        return [str(file) for op in custom_ops.OPS for file in folder.glob(f"_{op}.*")]

    def get_output_mapping(self) -> dict[str, str]:
        """Nothing: an editable installation reads the checkout."""
        return {}


setup(
    packages=[*find_packages(include=["tfwsol", "tfwsol.*"]), *AT_THE_TOP],
    package_dir=AT_THE_TOP,
    package_data={
        "tfwsol": ["py.typed"],
        "tfwsol.custom_ops": ["*/*.cc", "*/*.cu", "*/*.h", "*/*.py"],
        "tfwsol.data": ["*.txt"],
        "tfwsol.flags": ["*.flags", "recipes/*.flags"],
        "tfwsol.visualization": ["templates/*"],
    },
    include_package_data=False,
    ext_modules=[Extension(f"tfwsol.ops._{op}", [], optional=True) for op in custom_ops.OPS],
    cmdclass={"build_ext": BuildCustomOps},
)
