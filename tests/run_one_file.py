"""Runs one test file; Bazel's py_test starts a program, not pytest."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["--import-mode=importlib", "-p", "no:cacheprovider", *sys.argv[1:]]))
