#!/usr/bin/env bash
# Checks BUILD with the tools that are on the PATH and says what it left out.
# More arguments go to bazel in place of `query //...`, for example
#     scripts/check_build.sh test //... --action_env=PATH --test_env=PATH
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v buildifier >/dev/null; then
    buildifier -mode=check -lint=warn BUILD MODULE.bazel WORKSPACE
    echo "buildifier: BUILD, MODULE.bazel and WORKSPACE are clean."
else
    echo "buildifier: left out, not on the PATH (npm install @bazel/buildifier)."
fi

if ! command -v bazel >/dev/null; then
    echo "bazel: left out, not on the PATH."
    exit 0
fi

# A copy, since Bazel leaves links in the tree and would read .venv as a package.
copy=$(mktemp -d)
trap 'cd /; [ ! -d "$copy/project" ] || (cd "$copy/project" && bazel shutdown) >/dev/null 2>&1; rm -rf "$copy"' EXIT
mkdir "$copy/project"
tar --exclude=.git --exclude=.venv --exclude=runs -cf - . | tar -xf - -C "$copy/project"

# Bazel without modules finds no rules_python by itself. Stand-ins that hand on to the rules
# built into it need no network.
options=()
major=$(cd "$copy/project" && bazel version 2>/dev/null | sed -n 's/^Build label: \([0-9]*\).*/\1/p')
if [ "${major:-0}" -lt 7 ]; then
    stand_in() { # repository, package, its rules
        mkdir -p "$copy/$1/$2"
        echo "workspace(name = \"$1\")" >"$copy/$1/WORKSPACE"
        touch "$copy/$1/$2/BUILD"
        for rule in "${@:3}"; do
            printf 'def %s(**kwargs):\n    native.%s(**kwargs)\n\n' "$rule" "$rule"
        done >"$copy/$1/$2/defs.bzl"
        options+=("--override_repository=$1=$copy/$1")
    }
    stand_in rules_python python py_library py_test
    stand_in rules_cc cc cc_binary cc_import cc_library cc_test cc_toolchain cc_toolchain_suite
    stand_in rules_java java java_binary java_import java_library java_runtime java_toolchain
    stand_in rules_proto proto proto_library proto_lang_toolchain
    stand_in remote_coverage_tools .
    printf '%s\n' 'sh_binary(name = "coverage_report_generator", srcs = ["none.sh"],' \
        '    visibility = ["//visibility:public"])' >"$copy/remote_coverage_tools/BUILD"
    install -m 755 /dev/null "$copy/remote_coverage_tools/none.sh"
fi

command=("${@:-query}")
[ $# -gt 0 ] || command=(query //...)
(cd "$copy/project" && bazel "${command[0]}" "${options[@]}" "${command[@]:1}")
echo "bazel ${command[*]}: passed."
