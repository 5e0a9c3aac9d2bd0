"""Packages of tfwsol; everything that is data about the project stands in pyproject.toml."""

from setuptools import find_packages, setup

AT_THE_TOP = {
    "tfwsol.flags": "flags",
    "tfwsol.scripts": "scripts",
}
"""Packages that stand at the top of the repository and are installed inside tfwsol."""

setup(
    packages=[*find_packages(include=["tfwsol", "tfwsol.*"]), *AT_THE_TOP],
    package_dir=AT_THE_TOP,
    package_data={
        "tfwsol": ["py.typed"],
        "tfwsol.data": ["*.txt"],
        "tfwsol.flags": ["*.flags", "recipes/*.flags"],
        "tfwsol.visualization": ["templates/*"],
    },
    include_package_data=False,
)
