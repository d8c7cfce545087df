"""Holds the shape of the package: who may import whom, what a commit may load, who prints, how large a thing may get."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import pytest

SRC = Path(__file__).resolve().parents[1] / "src"
PACKAGE = "git_ai_trail"

GROUND = {
    "agents",
    "apart",
    "globs",
    "facts",
    "model",
    "errors",
    "codec",
    "config",
    "settings",
    "git",
    "shown",
    "git_bulk",
    "resources",
    "places",
    "userkey",
    "version",
    "lazy",
    "loglines",
    "words",
    "process",
    "patience",
    "plainfile",
}
STAGES = {"formats", "index", "redact", "store", "match", "attach", "report", "review", "install", "forge"}
# What each part of the package may import besides itself; everything may use the ground floor.
ABOVE = {
    **{stage: set() for stage in STAGES},
    "pipeline": STAGES,
    "hooks": STAGES | {"pipeline"},
    "cli": {"pipeline"},
    "__main__": {"cli", "hooks"},
    "__init__": set(),
}

# A commit pays for each of these; sqlite3 brings datetime in by itself, so that one is looked for in our own imports.
TOO_SLOW_FOR_A_COMMIT = {
    "ast",
    "click",
    "dataclasses",
    "email",
    "git",
    "importlib.metadata",
    "inspect",
    "jinja2",
    "logging",
    "msgspec",
    "pathlib",
    "platformdirs",
    "rich",
    "shutil",
    "sqlite_utils",
    "tempfile",
    "tomllib",
    "yaml",
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def part(self) -> str:
        """The file or folder directly below the package that this belongs to."""
        return [*self.name.split("."), "__init__"][1]

    def imports(self) -> Iterator[tuple[str, int]]:
        """Every module that this one names in an import statement, with the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                yield base, node.lineno
                yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)

    def late_imports(self) -> Iterator[tuple[str, int]]:
        """Every module that this one names where it imports while it runs."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                yield from ((arg.value, node.lineno) for arg in node.args[:1] if _is_text(arg))

    def own_imports(self) -> Iterator[tuple[str, int]]:
        """The parts of the package that this module imports."""
        for name, line in itertools.chain(self.imports(), self.late_imports()):
            head, _, rest = name.partition(".")
            if head == PACKAGE and rest:
                yield rest.split(".")[0], line


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _modules() -> list[Module]:
    found = []
    for path in sorted((SRC / PACKAGE).rglob("*.py")):
        words = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(words[:-1] if words[-1] == "__init__" else words)
        found.append(Module(name=name, path=path, tree=ast.parse(path.read_text(encoding="utf-8"))))
    return found


MODULES = _modules()
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@pytest.fixture(scope="module")
def hot() -> frozenset[str]:
    """Every module that a hook has loaded once it can start work."""
    program = f"import sys, json; sys.path.insert(0, {str(SRC)!r}); import {PACKAGE}.hooks; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    return frozenset(json.loads(done.stdout))


def test_the_walk_sees_the_package() -> None:
    names = {module.name for module in MODULES}
    assert {f"{PACKAGE}.hooks", f"{PACKAGE}.git", f"{PACKAGE}.formats", f"{PACKAGE}.pipeline.stamp"} <= names


@each_module
def test_every_part_has_its_place(module: Module) -> None:
    assert module.part in GROUND | set(ABOVE), f"{module.name} belongs to no layer that this test knows"


@each_module
def test_imports_go_one_way(module: Module) -> None:
    allowed = GROUND | ABOVE.get(module.part, set()) | {module.part}
    wrong = [f"line {line} imports {part}" for part, line in module.own_imports() if part not in allowed]
    assert not wrong, f"{module.name}: {wrong}"


@each_module
def test_nothing_is_imported_relatively_or_inside_a_function(module: Module) -> None:
    inside = [
        node.lineno
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    relative = [n.lineno for n in ast.walk(module.tree) if isinstance(n, ast.ImportFrom) and n.level]
    assert not inside + relative, f"{module.name}: lines {inside + relative}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {module.name for module in MODULES}
    graph = {m.name: {name for name, _ in m.imports() if name in names and name != m.name} for m in MODULES}
    # `from git_ai_trail.formats import x` inside formats names the folder as well; its registry is not a circle.
    graph = {name: {to for to in others if not name.startswith(f"{to}.")} for name, others in graph.items()}
    while graph:
        free = {name for name, others in graph.items() if not others & set(graph)}
        assert free, f"import circle among {sorted(graph)}"
        graph = {name: others for name, others in graph.items() if name not in free}


@each_module
def test_only_the_command_line_prints(module: Module) -> None:
    if module.part == "cli":
        return
    wrong = [
        call.lineno
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and _prints(call) and not (module.part == "hooks" and _to_stderr(call))
    ]
    assert not wrong, f"{module.name} prints in lines {wrong}"


def _prints(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return name in ("print", "click.echo", "click.secho") or name.startswith(("sys.stdout.", "sys.stderr."))


def _to_stderr(call: ast.Call) -> bool:
    return any(one.arg == "file" and ast.unparse(one.value) == "sys.stderr" for one in call.keywords)


@each_module
def test_only_git_and_the_hooks_start_programs(module: Module) -> None:
    if module.part in ("git", "git_bulk", "hooks", "process"):
        return
    starters = {"subprocess", "pty"}
    wrong = [line for name, line in module.imports() if name.split(".")[0] in starters]
    wrong += [n.lineno for n in ast.walk(module.tree) if isinstance(n, ast.Attribute) and _starts(ast.unparse(n))]
    assert not wrong, f"{module.name}: lines {wrong}"


def _starts(name: str) -> bool:
    return name in ("os.system", "os.popen") or name.startswith(("os.spawn", "os.exec", "os.posix_spawn"))


def test_a_commit_loads_nothing_slow(hot: frozenset[str]) -> None:
    assert f"{PACKAGE}.hooks" in hot
    assert not hot & TOO_SLOW_FOR_A_COMMIT


@each_module
def test_hot_modules_do_not_ask_for_what_only_sqlite_brings(module: Module, hot: frozenset[str]) -> None:
    if module.name not in hot:
        return
    slow = TOO_SLOW_FOR_A_COMMIT | {"datetime", "contextlib"}
    wrong = [f"{name} in line {line}" for name, line in module.imports() if name in slow]
    assert not wrong, f"{module.name} imports {wrong}"


@each_module
def test_files_and_functions_stay_small(module: Module) -> None:
    lines = module.path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{module.name} has {lines} lines"
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long, f"{module.name}: {long}"


@each_module
def test_every_module_says_what_it_knows(module: Module) -> None:
    assert ast.get_docstring(module.tree), f"{module.name} has no docstring"
    assert not {"utils", "helpers", "common"} & set(module.name.split("."))
