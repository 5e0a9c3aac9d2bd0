#!/bin/sh
# Installs what pyproject.toml lists, then the project, into the environment of one python.
# usage: set_up.sh PYTHON [REQUIREMENT ...]
set -eu
python=$1
shift

pip() {
    "$python" -m pip --disable-pip-version-check "$@"
}

# What the project needs comes first and the project is built without isolation: compiled
# parts must meet the TensorFlow that they will run in.
requirements() {
    "$python" - <<'PY'
import importlib.metadata
import tomllib

with open("pyproject.toml", "rb") as file:
    config = tomllib.load(file)
project = config["project"]
needed = [*config["build-system"]["requires"], "wheel"]
needed += [*project["dependencies"], *project["optional-dependencies"]["dev"]]
installed = {found.metadata["Name"] for found in importlib.metadata.distributions()}
if "opencv-python-headless" in installed:  # put there by an earlier run, see below
    needed = [name.replace("opencv-python", "opencv-python-headless") for name in needed]
print(*needed, sep="\n")
PY
}

# A slim system has no libGL, which opencv-python wants for its windows; we open none.
replace_opencv_without_libgl() {
    if reason=$("$python" -c 'import cv2' 2>&1); then
        return
    fi
    case $reason in
    *libGL* | *libgthread* | *libglib* | *libX* | *libxcb* | *libSM* | *libICE*) ;;
    *)
        echo "$reason" >&2
        exit 1
        ;;
    esac
    version=$("$python" -c 'from importlib import metadata; print(metadata.version("opencv-python"))')
    echo "This system lacks what opencv-python needs to open windows (${reason##*Error: }):" \
        "taking opencv-python-headless $version instead."
    pip uninstall --quiet --yes opencv-python opencv-python-headless
    pip install --quiet "opencv-python-headless==$version"
    "$python" -c 'import cv2'
}

if [ $# -gt 0 ]; then
    echo "Installing $*."
else
    echo "Installing dependencies (TensorFlow is large; the first time takes minutes)."
fi
list=$(mktemp)
trap 'rm -f "$list"' EXIT
requirements >"$list"
pip install --quiet --requirement "$list" "$@"
replace_opencv_without_libgl
pip install --quiet --no-build-isolation --no-deps --editable .
