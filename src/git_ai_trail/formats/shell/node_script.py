"""What an inline script of Node writes: calls of `fs.writeFileSync` and its kin whose arguments are literals, or made of them.

Nothing is run. A call counts that is a statement of its own outside of every block; of others only the path is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.formats.codex.expressions import Budget, NotLiteral, Scope, evaluate
from git_ai_trail.formats.linediff import runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.filewrite import FileWrite
from git_ai_trail.lazy import pattern

_CALL = pattern(
    r"(?:await\s+)?(?:(?:[\w$]+|require\(\s*(['\"])(?:node:)?fs(?:/promises)?\1\s*\))\s*\.\s*)?(?:promises\s*\.\s*)?"
    r"(writeFile|appendFile)(?:Sync)?\s*\("
)
_NAMED = pattern(r"\b(writeFile|appendFile)(?:Sync)?\s*\(\s*(['\"`])([^'\"`\n$\\]{1,400})\2")
_CONST = pattern(r"const\s+([A-Za-z_$][\w$]*)\s*=\s*(?!=)")
_LEAVES = pattern(r"\bprocess\.exit\b|\bprocess\.abort\b|\bwhile\b|\bfor\b")
# After one of these a statement is not on its own.
_GOES_ON = pattern(r"(?:[=(,+\-*/%&|?:<>!\[.]|\b(?:else|do|return|of|in|typeof|new))\s*\Z")
_GUARDED = pattern(r"\s*(?:\}\s*)?(?:if|for|while|else|with|try|catch|switch|do|async|function|class)\b")
_TOKEN = pattern(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`|[(){}\[\];\n]", re.DOTALL
)
_MAX_CODE = 1024 * 1024
_MAX_STATEMENTS = 2_000


def node_writes(code: str, folder: str) -> list[FileWrite]:
    """The files that the script writes, if it runs to its end."""
    if len(code) > _MAX_CODE:
        return []
    found: list[FileWrite] = []
    scope: Scope = {}
    budget = Budget()
    sure = _LEAVES.search(code) is None
    for start, alone in _statements(code):
        const = _CONST.match(code, start)
        if const is not None:
            try:
                scope[const[1]] = evaluate(code, const.end(), scope, budget).value
            except NotLiteral:
                scope.pop(const[1], None)
            continue
        call = _CALL.match(code, start)
        if call is not None and alone and sure:
            write = _write(code, call, folder, scope, budget)
            found += [write] if write is not None else []
    told = {write.path for write in found}
    for name in _NAMED.finditer(code):
        path = resolve(name[3], folder)
        if path not in told:
            told.add(path)
            found.append(FileWrite(path, "", "update", None, 0))
    return found


def _write(code: str, call: re.Match[str], folder: str, scope: Scope, budget: Budget) -> FileWrite | None:
    append = call[2] == "appendFile"
    try:
        name = evaluate(code, call.end(), scope, budget)
    except NotLiteral:
        return None
    if not isinstance(name.value, str) or not name.value or code[name.end : name.end + 1] != ",":
        return None
    path, op = resolve(name.value, folder), "update" if append else "add"
    try:
        text = evaluate(code, name.end + 1, scope, budget)
    except NotLiteral:
        return FileWrite(path, "", op, None, 0)
    if not isinstance(text.value, str) or code[text.end : text.end + 1] not in (")", ","):
        return FileWrite(path, "", op, None, 0)
    lines = split_lines(text.value)
    return FileWrite(path, "", op, runs_of(lines, [True] * len(lines)), 0)


def _statements(code: str) -> Iterator[tuple[int, bool]]:
    """Where statements outside of every block and bracket begin, and whether each surely runs."""
    depth = 0
    at = begins = 0
    last = -1
    for _ in range(_MAX_STATEMENTS):
        start = at + len(code[at:]) - len(code[at:].lstrip())
        if depth == 0 and last < start < len(code) and code[start : start + 2] not in ("//", "/*"):
            last = start
            before = code[begins:at]
            goes_on = at > 0 and code[at - 1] == "\n" and _GOES_ON.search(before) is not None
            hangs = at > 0 and code[at - 1] == "\n" and _GUARDED.match(before) is not None
            yield start, not goes_on and not hangs
            begins = at
        while (token := _TOKEN.search(code, at)) is not None:
            at = token.end()
            mark = token[0]
            if mark in ("(", "[", "{"):
                depth += 1
            elif mark in (")", "]", "}"):
                depth = max(0, depth - 1)
            if depth == 0 and mark in (";", "\n", "}"):
                break
        else:
            return
