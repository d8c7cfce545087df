"""Finds the files that a shell command writes: with their lines where the command states them, by name otherwise."""

from __future__ import annotations

import importlib

from git_ai_trail.formats.linediff import Runs, runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.filewrite import FileWrite
from git_ai_trail.formats.shell.groups import CLOSES, SILENT, group_output
from git_ai_trail.formats.shell.known import Known, copied, path_of, succeeded
from git_ai_trail.formats.shell.lexer import DYNAMIC, Heredoc
from git_ai_trail.formats.shell.printed import echoed, formatted
from git_ai_trail.formats.shell.rewriters import installed, moved, rewritten
from git_ai_trail.formats.shell.steps import Step
from git_ai_trail.lazy import pattern

_TO_FILE = (">", ">>", ">|", "&>", "&>>")
_APPEND = (">>", "&>>")
_MAYBE = (
    ">",
    "tee ",
    "sed ",
    "mv ",
    "cp ",
    "perl ",
    "apply",
    "patch",
    "fmt",
    "format",
    "black",
    "prettier",
    "--fix",
    "isort",
    "install ",
    "node",
    "bun ",
    "open(",
    "Path(",
)
_PYTHON = pattern(r"python[\d.]*$")
_PYTHON_PATH = pattern(
    r"(?:\bopen|\bPath)\(\s*r?(?P<q>['\"])(?P<path>[^'\"\n*]{1,400})(?P=q)\s*(?P<mode>,\s*(?:mode\s*=\s*)?['\"][wax]\+?['\"])?"
)
_PYTHON_WRITES = (".write_text(", ".write_bytes(", ".write(", ".writelines(")
_EXPANDS = pattern(r"(?m)\\[\\$`]|[$`]|\\$")
# Imported when a script has such a command in it, which few have.
_PATCHES = "git_ai_trail.formats.shell.patches"
_READER = "git_ai_trail.formats.shell.python_script"
_NODE_READER = "git_ai_trail.formats.shell.node_script"
_SED = "git_ai_trail.formats.shell.sed"


def may_write(text: str) -> bool:
    """A cheap test: False where `file_writes` would find nothing."""
    return any(mark in text for mark in _MAYBE)


def file_writes(steps: list[Step], said: str | None = None) -> list[FileWrite]:
    """What the steps write, in order; `said` is what came back when the script ran."""
    found: list[FileWrite] = []
    known = Known(steps)
    feeding: str | None = None  # what the command before writes into this one's input
    printed: list[str | None] = []
    remade: set[str] = set()
    for index, step in enumerate(steps):
        words = step.words
        known.enter(step)
        start = len(found)
        given = _given(step, feeding if step.command.after == "|" else None, known)
        if words[:1] and words[0] in CLOSES:
            output = group_output(steps, index, printed)
        else:
            output = _output(step, given, known)
        printed.append(_shown(step, output))
        found.extend(_redirected(step, output, known))
        if step.program == "tee":
            append = any(word in ("-a", "--append") for word in words)
            found.extend(_write(name, step, given, known, append=append) for name in words[1:] if name[:1] != "-")
        elif step.program == "patch" or (step.program == "git" and "apply" in words):
            found.extend(importlib.import_module(_PATCHES).patched(step, given, known, said))
        elif step.program == "mkdir" and known.sure:
            known.folders.update(path_of(word, step.folder) for word in words[1:] if word[:1] != "-")
        elif step.program == "cp":
            found.extend(_copied(step, given, known))
        elif step.program == "install":
            found.extend(_installed(step, given, known))
        elif step.program in ("node", "nodejs", "bun"):
            found.extend(_node(step, given, succeeds=succeeded(steps, index, said)))
        elif _PYTHON.match(step.program):
            code = _python_code(step, given)
            # An `exit` with an error need not say anything.
            shown = None if "xit" in code else said
            found.extend(_python(step, code, known, succeeds=succeeded(steps, index, shown)))
        if step.program in ("mv", "git"):
            found.extend(_moves(step, known))
        else:
            found.extend([_rewritten(name, step, known, said, remade) for name in rewritten(words)])
        feeding = output
        if known.doubtful:
            found[start:] = [_perhaps(write) for write in found[start:]]
        if step.program not in ("sed", "gsed"):
            remade.update(write.path for write in found[start:] if write.op == "add" or write.lines is None)
    return [write for write in found if write.path and _is_file(write.path)]


def _perhaps(write: FileWrite) -> FileWrite:
    return write._replace(lines=() if write.op == "move" else None, removed=0)


def _is_file(path: str) -> bool:
    return not path.startswith(("/dev/", "/proc/", "&")) and DYNAMIC not in path and "*" not in path


def _given(step: Step, piped: str | None, known: Known) -> str | None:
    """What a command reads from its input, where that is known."""
    if step.heredoc is not None:
        return _heredoc_text(step.heredoc)
    for redirect in step.command.redirects:
        if redirect.op == "<<<":
            return redirect.target + "\n"
        if redirect.op == "<":
            text = known.content(redirect.target, step.folder)
            return None if text == DYNAMIC else text
    return piped


def _output(step: Step, given: str | None, known: Known) -> str | None:
    """What a command prints, where that is known."""
    words = step.words
    if step.program == "cat" and not any(word.startswith("-") and word != "-" for word in words[1:]):
        parts = [
            (DYNAMIC if given is None else given) if name == "-" else known.content(name, step.folder)
            for name in words[1:] or ("-",)
        ]
        return None if all(part == DYNAMIC for part in parts) else "".join(parts)
    if step.program == "echo":
        return echoed(words[1:])
    if step.program == "printf":
        return formatted(words[1:])
    if not words or words == (":",) or words == ("true",):
        return "" if not step.command.heredocs else None
    return given if step.program == "tee" else None


def _shown(step: Step, output: str | None) -> str | None:
    """What a command prints where its group does."""
    redirected = [redirect for redirect in step.command.redirects if redirect.fd in ("", "1")]
    if any(redirect.op == ">&" for redirect in redirected):
        return None
    if step.command.piped or any(redirect.op in _TO_FILE for redirect in redirected) or step.program in SILENT:
        return ""
    return output


def _redirected(step: Step, output: str | None, known: Known) -> list[FileWrite]:
    if step.words[:1] in (("done",), ("fi",)):
        output = None
    return [
        _write(redirect.target, step, output, known, append=redirect.op in _APPEND)
        for redirect in step.command.redirects
        if redirect.op in _TO_FILE and redirect.fd in ("", "1")
    ]


def _write(name: str, step: Step, text: str | None, known: Known, *, append: bool) -> FileWrite:
    path = resolve(name, step.folder)
    before = known.files.get(path) if append and known.sure else None
    lines = _runs(text)
    if before and text and not before.endswith("\n"):
        lines = _runs(before.rpartition("\n")[2] + text)  # it goes on in the last line
    whole = text if not append else before + text if before is not None and text is not None else None
    known.keep(path, whole)
    return FileWrite(path, "", "update" if append else "add", lines, 0)


def _runs(text: str | None) -> Runs | None:
    """One run of lines, parted where a line holds something that only the shell knew."""
    if text is None:
        return None
    lines = split_lines(text)
    return runs_of(lines, [DYNAMIC not in line for line in lines])


def _heredoc_text(heredoc: Heredoc) -> str:
    body = heredoc.body
    if not heredoc.literal and ("$" in body or "`" in body or "\\" in body):
        body = _EXPANDS.sub(lambda found: found[0][1:] if len(found[0]) > 1 else DYNAMIC, body)
    return body


def _copied(step: Step, given: str | None, known: Known) -> list[FileWrite]:
    """`cp a b` of a file that the script wrote before."""
    pair = copied(step.words, "fpv")
    if pair is None:
        known.files.clear()
        return []
    source, name = pair
    text = given if source == "/dev/stdin" else known.content(source, step.folder)
    path = known.target(source, name, step.folder)
    if not path or text is None or text == DYNAMIC:
        known.files.clear()
        return []
    known.keep(path, text)
    return [FileWrite(path, "", "add", _runs(text), 0)]


def _installed(step: Step, given: str | None, known: Known) -> list[FileWrite]:
    """`install a b`, which copies; what it makes folders of is no file."""
    pair = installed(step.words)
    if pair is None:
        return []
    source, name = pair
    text = given if source == "/dev/stdin" else known.content(source, step.folder)
    # A folder would get a file called stdin, which nobody wants.
    path = path_of(name, step.folder) if source == "/dev/stdin" else known.target(source, name, step.folder)
    return [FileWrite(path, "", "add", None if text is None or text == DYNAMIC else _runs(text), 0)] if path else []


def _rewritten(name: str, step: Step, known: Known, said: str | None, remade: set[str]) -> FileWrite:
    """A file that is rewritten in place, with what is known to have been put into it; `remade` are those that may be
    others by now than they were before the script."""
    write = _write(name, step, None, known, append=True)
    if step.program not in ("sed", "gsed"):
        return write
    text: str | None = known.content(name, step.folder)
    if text == DYNAMIC:
        # The numbers of lines were taken from the file as it was before the script.
        text = "" if write.path in remade else None
    found = importlib.import_module(_SED).inserted(step.words, text, said)
    return write if found is None else write._replace(lines=found[0], removed=found[1])


def _node(step: Step, given: str | None, *, succeeds: bool) -> list[FileWrite]:
    """What an inline script of Node writes."""
    words = step.words[1:]
    code = next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-e", "--eval", "-pe", "-p")), None)
    if code is None and all(word[:1] == "-" for word in words):
        code = given
    if code is None or ("rite" not in code and "ppend" not in code):
        return []
    reader = importlib.import_module(_NODE_READER)
    found: list[FileWrite] = reader.node_writes(code, step.folder)
    return found if succeeds else [write._replace(lines=None) for write in found]


def _moves(step: Step, known: Known) -> list[FileWrite]:
    pair = moved(step.words)
    if pair is None:
        if step.program == "mv":
            known.files.clear()
        return []
    old, new = (resolve(name, step.folder) for name in pair)
    if not old or not _is_file(old):
        known.files.clear()
        return []
    names = copied(step.words, "fv") if step.program == "mv" else None
    text = known.content(pair[0], step.folder)
    if names is None or text == DYNAMIC or known.target(names[0], names[1], step.folder) != new:
        known.files.clear()
        return [FileWrite(new, old, "move", (), 0)]
    known.files.pop(old, None)
    known.keep(new, text)
    return [FileWrite(new, old, "move", _runs(text) or (), 0)]


def _python_code(step: Step, given: str | None) -> str:
    """The inline script that Python is given, if any."""
    if step.words[1:2] == ("-c",) and len(step.words) > 2:
        return step.words[2]
    return given or "" if step.words[1:2] in ((), ("-",)) else ""


def _python(step: Step, code: str, known: Known, *, succeeds: bool) -> list[FileWrite]:
    """What an inline Python script writes: what is known of it, and else the files that it names as literals."""
    writes = any(mark in code for mark in _PYTHON_WRITES)
    names = [
        found["path"]
        for found in _PYTHON_PATH.finditer(code)
        # A Path without a dot in its last part is mostly a folder.
        if found["mode"] or (writes and found[0].startswith("Path") and "." in found["path"].rsplit("/", 1)[-1])
    ]
    followed: list[FileWrite] = []
    if writes:
        reader = importlib.import_module(_READER)
        for write in reader.python_writes(code, step.folder, known.files):
            lines = write.lines if succeeds else None
            followed.append(FileWrite(write.path, "", write.op, lines, write.removed if lines else 0))
    if not succeeds or not known.sure:
        known.files.clear()
    told = {write.path for write in followed if write.lines is not None}
    followed = [write for write in followed if write.lines is not None or write.path not in told]
    named = dict.fromkeys(resolve(name, step.folder) for name in names if DYNAMIC not in name)
    seen = {write.path for write in followed}
    return followed + [FileWrite(path, "", "update", None, 0) for path in named if path not in seen]
