"""Which imports a source file makes inside the project, and which of them the floors allow.

A *unit* is what a floor lists: a package below ``tfwsol``, the module ``localization``, or one
of the packages that stand at the top of the repository (``flags``, ``scripts``, ``custom_ops``).
"""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

FLOORS = {
    "custom_ops": -1,
    "localization": 0,
    "boxes": 1,
    "ops": 1,
    "layers": 2,
    "graph": 2,
    "data": 2,
    "metrics": 2,
    "backbones": 3,
    "checkpoints": 3,
    "methods": 4,
    "training": 5,
    "evaluation": 5,
    "visualization": 5,
    "scripts": 6,
    "flags": 6,
}
ARROWS = {
    ("boxes", "ops"),
    ("data", "layers"),
    ("checkpoints", "backbones"),
    ("training", "evaluation"),
    ("evaluation", "visualization"),
    ("training", "visualization"),
    ("scripts", "flags"),
}
"""Imports on one floor that are allowed: (from, to)."""

AT_THE_TOP = ("flags", "scripts", "custom_ops")
FACADE = "facade"
"""The unit of ``tfwsol/__init__.py``: reaches every package, so only the top floor may use it."""

EAGER_IN_FACADE = {"layers", "graph", "methods", "backbones", "localization"}
ONLY_IN = {
    "tensorflow": {"custom_ops", "ops", "data", "methods", "training", "evaluation"},
    "tensorflow_datasets": {"data"},
    "cv2": {"boxes", "ops", "data", "metrics", "visualization"},
    "PIL": {"data", "visualization"},
    "matplotlib": {"visualization", "flags"},  # flags: the path of its sample photograph
}
"""Heavy libraries and the units that need them; the others stay backend-agnostic and light."""

_DYNAMIC = {"import_module", "__import__", "resolve_name", "run_module"}


def unit_of(path: PurePosixPath) -> str:
    """The unit that holds a file, given relative to the root of the repository."""
    if path.parts[0] in AT_THE_TOP:
        return path.parts[0]
    if path == PurePosixPath("tfwsol/__init__.py"):
        return FACADE
    return path.parts[1].removesuffix(".py")


def package_of(path: PurePosixPath) -> str:
    """The dotted package that relative imports in a file start from."""
    parts = ("tfwsol", *path.parts) if path.parts[0] in AT_THE_TOP else path.parts
    return ".".join(parts[:-1])


def _absolute(package: str, level: int, module: str | None) -> str:
    if level == 0:
        return module or ""
    base = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*base, *([module] if module else [])])


def _dynamic_names(tree: ast.AST) -> set[str]:
    """What the functions that import by string are called in this file."""
    renamed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and alias.name in _DYNAMIC
    }
    return _DYNAMIC | renamed


def _imported_by_string(call: ast.Call, package: str) -> str:
    texts = [getattr(argument, "value", None) for argument in call.args[:2]]
    if not texts or not isinstance(texts[0], str):
        return "?"
    package = texts[1] if isinstance(texts[1:] and texts[1], str) else package
    level = len(texts[0]) - len(texts[0].lstrip("."))
    return _absolute(package, level, texts[0].lstrip(".").replace(":", "."))


def _facade_names(tree: ast.AST) -> set[str]:
    """The names that stand for ``tfwsol`` itself: ``import tfwsol.x`` binds it, too."""
    return {
        alias.asname or "tfwsol"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "tfwsol" or (alias.name.startswith("tfwsol.") and not alias.asname)
    }


def imports_of(source: str, path: PurePosixPath) -> Iterator[tuple[int, str]]:
    """Every (line, dotted name) that a file imports, wherever and however it does.

    ``from a import b`` gives ``a.b``, since b may be a module. A name computed at run time
    gives ``"?"``. Attributes of the facade count as imports, since it loads on first use.
    """
    tree = ast.parse(source)
    package, dynamic, facade = package_of(path), _dynamic_names(tree), _facade_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(package, node.level, node.module)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call):
            if getattr(node.func, "id", getattr(node.func, "attr", None)) in dynamic:
                yield node.lineno, _imported_by_string(node, package)
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in facade:
            yield node.lineno, f"tfwsol.{node.attr}"


def _eager_part(source: str) -> str:
    """A file without the bodies of its functions."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    return ast.unparse(tree)


def imported_unit(name: str) -> str | None:
    """The unit a dotted name leads to; None for a name from outside the project."""
    parts = name.split(".")
    if parts[0] != "tfwsol":
        return None
    inside = len(parts) > 1 and parts[1] in FLOORS
    return parts[1] if inside else FACADE


def _objection(unit: str, name: str) -> str | None:
    """Why a unit may not import a name; None where it may."""
    top = name.split(".", maxsplit=1)[0]
    if name == "?":
        return None if unit == FACADE else "imports a name computed at run time"
    if top in AT_THE_TOP:
        return f"imports {top!r}, which is called 'tfwsol.{top}'"
    if top in ONLY_IN and unit not in ONLY_IN[top]:
        return f"imports {top!r}, which only {sorted(ONLY_IN[top])} may"
    target = imported_unit(name)
    if target is None or target == unit or unit == FACADE or name == "tfwsol.__version__":
        return None
    if target == FACADE:
        return None if FLOORS[unit] == 6 else f"imports {name!r} through the facade"
    if FLOORS[target] < FLOORS[unit] or (unit, target) in ARROWS:
        return None
    return f"on floor {FLOORS[unit]} imports {target!r} from floor {FLOORS[target]}"


def violations(source: str, path: PurePosixPath) -> list[str]:
    """One sentence for each import in a file that its floor forbids."""
    unit = unit_of(path)
    if unit != FACADE and unit not in FLOORS:
        return [f"{path}: {unit!r} stands on no floor"]
    found = [
        f"{path}:{line}: {unit} {objection}"
        for line, name in imports_of(source, path)
        if (objection := _objection(unit, name))
    ]
    if unit == FACADE:
        eager = {imported_unit(name) for _, name in imports_of(_eager_part(source), path)}
        too_many = sorted(eager - EAGER_IN_FACADE - {None})
        found += [f"{path}: facade imports {name!r} eagerly" for name in too_many]
    return found


def sources(root: Path) -> list[PurePosixPath]:
    """The Python files of the project below a root, relative to it."""
    folders = [root / name for name in ("tfwsol", *AT_THE_TOP)]
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    return [PurePosixPath(file.relative_to(root).as_posix()) for file in files]
