"""The functions and methods of an inline Python script that make texts and write files."""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.python_files import UTF8, Files, TooMuch, as_usual
from git_ai_trail.formats.shell.python_values import (
    HOLE,
    UNKNOWN,
    FilePath,
    OpenFile,
    ReadFile,
    Table,
    Text,
    as_name,
    as_text,
    dedented,
    replaced,
    unknown_text,
)

_MAX_CALLS = 8
_MAX_NAMES = 512
# They reach everything that the script has, so nothing that follows is known.
_REFLECTS = ("exec", "eval", "globals", "locals", "vars", "setattr", "delattr", "__import__", "breakpoint", "input")
_HARMLESS = (
    "print",
    "len",
    "str",
    "int",
    "repr",
    "isinstance",
    "bool",
    "min",
    "max",
    "sum",
    "any",
    "all",
    "sorted",
    "range",
)
_BUILT_IN = frozenset(("open", "Path", *_HARMLESS, *_REFLECTS, "exit", "quit", "list", "tuple", "enumerate", "zip"))


class Calls(Files):
    def value(self, node: Any) -> Any:
        raise NotImplementedError

    def body(self, statements: list[Any]) -> str:
        raise NotImplementedError

    # Names

    def look_up(self, name: str) -> Any:
        for scope in (self.scopes[-1], self.scopes[0]):
            if name in scope:
                return scope[name]
        return Builtin(name) if name in _BUILT_IN else UNKNOWN

    def set(self, name: str, value: Any) -> None:
        names = self.scopes[-1]
        if name not in names and len(names) >= _MAX_NAMES:
            raise TooMuch
        names[name] = value if self.certain else UNKNOWN

    # Calls

    def call(self, node: Any) -> Any:
        function = node.func
        holder: Any = UNKNOWN
        if type(function).__name__ == "Attribute":
            holder = self.value(function.value)
            called: Any = holder.member(function.attr) if isinstance(holder, Builtin) else None
        else:
            called = self.value(function)
        arguments = [HOLE if type(one).__name__ == "Starred" else self.value(one) for one in node.args]
        named: dict[str, Any] = {}
        for one in node.keywords:
            named[one.arg or "**"] = self.value(one.value)
        if isinstance(called, Builtin):
            return self._function(called.name, arguments, named)
        if type(called).__name__ == "FunctionDef":
            return self._run(called, arguments, named)
        if type(function).__name__ == "Attribute":
            done = self._method(holder, function.attr, arguments, named)
            if isinstance(holder, OpenFile) and type(function.value).__name__ == "Call":
                self.close(holder)  # open(…).write(…)
            return done
        return self.unknown_call(arguments, named)

    def unknown_call(self, arguments: list[Any], named: dict[str, Any]) -> Any:
        """A function of which nothing is known may write to what it is given, and to any file."""
        for value in (*arguments, *named.values()):
            spoil(value)
        self.files.clear()
        return UNKNOWN

    def _run(self, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """A function of the script itself."""
        wanted = function.args
        simple = not (wanted.vararg or wanted.kwarg or wanted.kwonlyargs or wanted.posonlyargs)
        names = [one.arg for one in wanted.args]
        if not simple or function.decorator_list or HOLE in arguments or "**" in named or len(arguments) > len(names):
            raise TooMuch
        if len(self.scopes) > _MAX_CALLS:
            raise TooMuch
        defaults = [self.value(one) if type(one).__name__ == "Constant" else UNKNOWN for one in wanted.defaults]
        scope: dict[str, Any] = dict.fromkeys(names, UNKNOWN)
        scope.update(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        scope.update(zip(names, arguments, strict=False))
        scope.update((name, value) for name, value in named.items() if name in scope)
        sure, before = self.sure, self.result
        self.scopes.append(scope)
        self.result = None
        self.body(function.body)
        self.scopes.pop()
        result, self.result = self.result, before
        self.sure = sure
        return result

    def _function(self, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        first = arguments[0] if arguments else UNKNOWN
        if name in _REFLECTS or name == "os._exit":
            raise TooMuch
        for value in (*arguments, *named.values()):
            if type(value).__name__ == "FunctionDef":
                raise TooMuch  # whoever gets a function may call it
        if HOLE in arguments or "**" in named:
            return self.unknown_call(arguments, named)
        if name in ("open", "io.open"):
            return self.open_file(as_name(first), arguments[1:], named)
        if name in ("Path", "pathlib.Path"):
            return FilePath(self.below(arguments))
        if name == "os.path.join" and arguments:
            return FilePath(self.below(arguments))
        if name in ("dedent", "textwrap.dedent"):
            return dedented(as_text(first))
        if name == "os.chdir":
            self.folder = resolve(as_name(first).shape, self.folder) if as_name(first).known else ""
            return None
        if name == "print" and "file" in named:
            return self.print_to(arguments, named)
        if name == "str" and len(arguments) == 1 and not named:
            return first if isinstance(first, FilePath) else as_text(first)
        if name in ("list", "tuple") and isinstance(first, (list, tuple)):
            return list(first)
        if name == "enumerate" and isinstance(first, (list, tuple)) and HOLE not in first:
            return [(UNKNOWN, one) for one in first]
        if name in ("exit", "quit", "sys.exit", "os._exit"):
            return LEAVES
        if name in _HARMLESS or name in ("os.makedirs", "os.path.exists", "os.path.isfile", "os.getcwd"):
            return UNKNOWN
        return self.unknown_call(arguments, named)

    # Methods

    def _method(self, value: Any, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        if isinstance(value, Text) and HOLE not in arguments:
            return self._text_method(value, name, arguments, named)
        if isinstance(value, FilePath):
            return self._path_method(value, name, arguments, named)
        if isinstance(value, OpenFile):
            return self.file_method(value, name, arguments)
        if isinstance(value, ReadFile) and name in ("read", "close"):
            done, value.done = value.done, True
            return self.read_file(value.name, usual=not (done or arguments or named)) if name == "read" else None
        if isinstance(value, Table) and name == "items" and value.pairs is not None:
            return list(value.pairs)
        if isinstance(value, list):
            if name == "append" and len(arguments) == 1 and self.certain:
                value.append(arguments[0])
            else:
                spoil(value)
            return UNKNOWN
        return self.unknown_call(arguments, named)

    def _path_method(self, path: FilePath, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        first = as_text(arguments[0] if arguments else named.get("data", UNKNOWN))
        if name in ("read_text", "read_bytes"):
            return self.read_file(path.name, usual=not arguments and as_usual(named))
        if name in ("write_text", "write_bytes"):
            file = self.open_file(
                Text(path.name), [Text("w")], {key: one for key, one in named.items() if key != "data"}
            )
            file.text = first if file.text is not None and len(arguments) <= 1 else None
            return self.close(file)
        if name == "open":
            return self.open_file(Text(path.name), arguments, named)
        if name == "joinpath":
            return FilePath(self.below([path, *arguments]))
        if name in ("exists", "is_file", "is_dir", "mkdir", "stat"):
            return UNKNOWN
        return self.unknown_call(arguments, named)

    def _text_method(self, text: Text, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        self.spend(text=len(text.shape) + sum(len(line) for run in text.runs for line in run))
        first = as_text(arguments[0]) if arguments else unknown_text()
        if name == "replace" and len(arguments) in (2, 3) and not named:
            count = arguments[2] if len(arguments) == 3 else -1
            if not first.known or type(count) is not int:
                return unknown_text()
            new = as_text(arguments[1])
            self.spend(text=len(first.shape) + len(new.shape))
            return replaced(text, first.shape, new, count=count) if count else text
        if name in ("strip", "rstrip", "lstrip"):
            exact = text.known and len(arguments) <= 1 and (not arguments or first.known)
            return Text(getattr(text.shape, name)(*[first.shape] * len(arguments))) if exact else unknown_text()
        if name == "join" and len(arguments) == 1:
            return self.join_all(text, arguments[0])
        if name in ("encode", "decode"):
            named_first = named.get("encoding", arguments[0] if arguments else Text("utf-8"))
            return text if as_text(named_first).shape in UTF8 else unknown_text()
        if name in ("lower", "upper") and text.known and not arguments:
            return Text(getattr(text.shape, name)())
        return UNKNOWN


def spoil(value: Any) -> None:
    """Something unknown may be done to a value that can be changed."""
    if isinstance(value, OpenFile):
        value.text = None
    elif isinstance(value, Table):
        value.pairs = None
    elif isinstance(value, list):
        value[:] = [HOLE]
    elif type(value).__name__ == "FunctionDef":
        raise TooMuch  # whoever gets a function may call it
    elif isinstance(value, tuple):
        for one in value[:64]:
            spoil(one)


class Builtin(NamedTuple):
    """A function or module that Python itself brings, by its full name."""

    name: str

    def member(self, name: str) -> Builtin:
        return Builtin(f"{self.name}.{name}" if len(self.name) < 64 else "?")


LEAVES: Any = Builtin("exit()")
