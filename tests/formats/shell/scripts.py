"""Makes random shell scripts that write files, so that a real shell can say what they wrote.

Every line that a script may write is unlike every other, so a line found in a file proves which command put it there.
"""

from __future__ import annotations

import random
from pathlib import Path

NAMES = ("a.txt", "b.txt", "c.py", "d/e.txt", "d/f.md", "new.txt")
START = {
    "a.txt": "alpha one\nalpha two\n    indented alpha\nalpha one again\n",
    "b.txt": "def beta():\n    return 1\n\n\nclass Beta:\n    x = 1\n    y = 2\n",
    "c.py": "gamma\ngamma\ngamma\n",
    "d/e.txt": "end of line\n",
}
# Parts of the files above, some of whole lines and some not, some that overlap, and some that are nowhere.
PARTS = (
    *("alpha one\n", "alpha two\n", "one\nalpha", "two\n    indented", "    indented alpha\n", "alpha", "\n", "two"),
    *(
        "def beta():\n    return 1\n",
        "    return 1\n",
        "\n\nclass Beta:\n",
        "    x = 1\n    y = 2\n",
        "x = 1",
        "eta",
        " 1",
    ),
    *("gamma\n", "gamma\ngamma\n", "mma", "d of", "end of line", "nowhere\n", "absent"),
)


def make_folder(folder: Path) -> None:
    (folder / "d").mkdir(parents=True)
    for name, text in START.items():
        (folder / name).write_text(text)


class Maker:
    """Makes one script; the same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def script(self) -> str:
        pieces = [self.command() for _ in range(self.random.randint(1, 6))]
        text = ""
        for piece in pieces:
            ends = piece.endswith("\n") or "<<" in piece
            text += piece + ("\n" if ends else self.random.choice(("\n", "; ", " && ", "\n")))
        return text.rstrip("; &") + "\n"

    def line(self) -> str:
        self.count += 1
        shape = self.random.choice(
            ("line {}", "    deep {}", "it's {}", 'say "{}"', "{} alpha one", "\ttab {}", "x = {}")
        )
        return shape.format(f"n{self.count}n")

    def lines(self, most: int = 4) -> str:
        return "".join(
            self.random.choice(("", "", "\n")) + self.line() + "\n" for _ in range(self.random.randint(0, most))
        )

    def name(self) -> str:
        return self.random.choice(NAMES)

    def quoted(self, text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    def command(self) -> str:
        return self.random.choice(
            (
                self.heredoc,
                self.echo,
                self.printf,
                self.tee,
                self.copy,
                self.guarded,
                self.nested,
                self.python,
                self.python,
                self.sed,
                self.group,
                self.variable,
                self.install,
            )
        )()

    def heredoc(self) -> str:
        arrow = self.random.choice((">", ">>"))
        tag, body = self.random.choice(
            (("'E'", self.lines()), ("E", self.lines() + "costs $HOME \\$5\n" + self.lines()))
        )
        name = self.name()
        form = self.random.choice(
            (f"cat {arrow} {name} <<{tag}", f"cat <<{tag} {arrow} {name}", f"cat <<{tag} | cat {arrow} {name}")
        )
        return f"{form}\n{body}E\n"

    def echo(self) -> str:
        flag = self.random.choice(("", "-e "))
        return f"echo {flag}{self.quoted(self.line())} {self.random.choice(('>', '>>'))} {self.name()}"

    def printf(self) -> str:
        form = self.random.choice(("%s\\n", "%s\\n%s\\n", "a\\n%s b\\n"))
        return f"printf '{form}' {self.quoted(self.line())} {self.quoted(self.line())} {self.random.choice(('>', '>>'))} {self.name()}"

    def tee(self) -> str:
        return f"tee {self.random.choice(('', '-a '))}{self.name()} >/dev/null <<'E'\n{self.lines()}E\n"

    def copy(self) -> str:
        one, two = self.random.sample(NAMES[:5], 2)
        written = f"printf '%s\\n' {self.quoted(self.line())} > {one}"
        then = self.random.choice(
            (
                f"cp {one} {two}",
                f"mv {one} {two}",
                f"cat {one} {two} > new.txt",
                f"cp {one} d/",
                f"cat {two} {one} >> new.txt",
            )
        )
        between = self.random.choice(
            ("", "", f"sed -i s/n/m/ {one}; ", f"truncate -s 0 {one}; ", f"false || : > {one}; ")
        )
        return f"{written}; touch {two}; {between}{then}; touch {one}"

    def guarded(self) -> str:
        write = f"echo {self.quoted(self.line())} > {self.name()}"
        return self.random.choice(
            (
                f"true || {write}",
                f"false || {write}",
                f"if false; then {write}; fi",
                f"if [ -f a.txt ]; then {write}; else echo {self.quoted(self.line())} > b.txt; fi",
                "[[ a > b.txt ]] || true",
                f"echo [[ {self.quoted(self.line())} ]] > c.py",
                f"if true; then if false; then :; fi; {write}; else {write}; fi",
                f"printf %s {self.quoted(self.line())} > a.txt; echo {self.quoted(self.line())} >> a.txt",
                f"for i in 1 2; do {write}; done",
                f"later() {{ {write}; }}",
                f"while false; do {write}; done",
                f"case x in y) {write};; esac",
            )
        )

    def nested(self) -> str:
        one, two = self.line(), self.line()
        return self.random.choice(
            (
                f"(cd d && echo {self.quoted(one)} > e.txt); echo {self.quoted(two)} > a.txt",
                f"bash -c {self.quoted('cd d; echo ' + self.quoted(one) + ' > f.md')}",
                f"{{ echo {self.quoted(one)}; echo {self.quoted(two)}; }} > {self.name()}",
                f"( echo {self.quoted(one)}; cat <<'E'\n{self.lines()}E\n) >> {self.name()}",
                f"X=$(cat <<'E'\n{self.lines(3)}E\n)\necho \"$X\" > {self.name()}",
                f"X={self.quoted(one)}; printf '%s\\n' \"$X\" >> {self.name()}",
            )
        )

    def sed(self) -> str:
        name, text = self.random.choice(("a.txt", "b.txt")), self.line().replace("\\", "")
        address = self.random.choice(("1", "2", "$", "/nowhere/", "/alpha/", "2,$", "1!", "$!", "", "99"))
        first = self.random.choice(("", "", f"printf '%s\\n%s\\n' alpha {self.quoted(self.line())} > {name}; "))
        script = self.random.choice(
            (
                f"{address}a {text}",
                f"{address}i\\  {text}",
                f"{address}c\\\n{text}\\\n  {self.line()}",
                f"{address}a {text}\n1d\n1a {self.line()}",
                f"s/one/two/g;{address}a {text}",
                f"/one/{{a {text}\n}}",
                f"$!N;{address}a {text}",
            )
        )
        if address == "99" and not first:
            address = "1"  # whoever names a line has seen it
            script = script.replace("99", "1")
        show = self.random.choice(("", "", f"; cat {name}", f" && grep -c . {name}"))
        return f"{first}sed -i {self.quoted(script)} {name}{show}"

    def group(self) -> str:
        parts = [
            self.random.choice(
                (
                    f"echo {self.quoted(self.line())}",
                    f"echo {self.quoted(self.line())} >&2",
                    f"echo {self.quoted(self.line())} > new.txt",
                    f"printf %s {self.quoted(self.line())}",
                    f"false || echo {self.quoted(self.line())}",
                    f"false && echo {self.quoted(self.line())}; true",
                    f"if false; then echo {self.quoted(self.line())}; fi",
                    f"echo {self.quoted(self.line())} | cat",
                    f"echo {self.quoted(self.line())} | wc -l",
                    "date",
                    f'echo "$(echo {self.quoted(self.line().replace(chr(34), ""))})"',
                    f"( echo {self.quoted(self.line())} )",
                    f"{{ echo {self.quoted(self.line())}; }}",
                    f"for i in 1 2; do echo {self.quoted(self.line())}; done",
                )
            )
            for _ in range(self.random.randint(1, 4))
        ]
        inner = "; ".join(parts)
        before = self.random.choice(("", "", "true && ", "false || ", "true || "))
        into = self.random.choice(
            (f"> {self.name()}", f">> {self.name()}", f"| cat > {self.name()}", f"| tee {self.name()} >/dev/null")
        )
        return before + self.random.choice((f"{{ {inner}; }} {into}", f"( {inner} ) {into}"))

    def variable(self) -> str:
        text, other = self.line().replace('"', ""), self.line().replace('"', "")
        between = self.random.choice(
            (
                "",
                "",
                f"V={self.quoted(other)}; ",
                f"false && V={self.quoted(other)}; ",
                f"(V={self.quoted(other)}); ",
                f"V={self.quoted(other)} true; ",
                f"V+={self.quoted(other)}; ",
                f"if true; then V={self.quoted(other)}; fi; ",
                f"for V in {self.quoted(other)}; do :; done; ",
                f"read V <<< {self.quoted(other)}; ",
                "unset V; ",
                f"export V={self.quoted(other)}; ",
                f"V=({self.quoted(other)} b); ",
                f"set_v() {{ V={self.quoted(other)}; }}; set_v; ",
                f"V={self.quoted(other)} | cat; ",
                "((V=7)); ",
                f"printf -v V %s {self.quoted(other)}; ",
                f"eval {self.quoted('V=changed')}; ",
            )
        )
        use = self.random.choice(('"$V"', '"${V}"', "$V", '"<$V>"', '"${V%x}"', "'$V'"))
        return f"V={self.quoted(text)}; {between}echo {use} {self.random.choice(('>', '>>'))} {self.name()}"

    def install(self) -> str:
        name = self.random.choice(("new.txt", "d/f.md"))
        return self.random.choice(
            (
                f"install -m 644 /dev/stdin {name} <<'E'\n{self.lines()}E\n",
                f"echo {self.quoted(self.line())} > a.txt; install a.txt {name}",
                f"install -m 600 a.txt {name}",
            )
        )

    def python(self) -> str:
        body = "import sys\nfrom pathlib import Path\n" + "".join(
            self.random.choice((self.edit, self.edit, self.whole, self.loop, self.helper, self.doubt, self.chain))()
            for _ in range(self.random.randint(1, 3))
        )
        end = self.random.choice(("", "", " || true"))
        if "'" not in body and self.random.random() < 0.2:
            return f"python3 -c '{body}'{end}"
        return f"python3 - <<'P'{end}\n{body}P\n"

    def part(self) -> str:
        return self.random.choice(PARTS)

    def new(self, old: str) -> str:
        return self.random.choice(
            (
                self.lines(),
                old + self.lines(),
                self.lines() + old,
                old + "\n" + self.line(),
                self.line() + "\n" + self.line() + "\n" + self.line(),
                old.replace("\n", "\n" + self.line() + "\n"),
                self.line() + old[:3] + self.line(),
            )
        )

    def proof(self, old: str, text: str = "s") -> str:
        return self.random.choice(
            (
                f"assert {old} in {text}\n",
                f"assert {text}.count({old}) == 1, 'many'\n",
                f"assert {text}.count({old}) >= 1\n",
                f"if {old} not in {text}:\n    raise ValueError('gone')\n",
                f"if {text}.find({old}) == -1:\n    sys.exit(1)\n",
                f"if not ({old} in {text} and True):\n    print('no')\n    sys.exit('no')\n",
                f"if {old} not in {text}:\n    sys.exit(0)\n",
                f"if {old} not in {text}:\n    print('no')\n",
                "",
            )
        )

    def edit(self) -> str:
        name, old = self.name(), self.part()
        new = self.new(old)
        read = self.random.choice((f"s = open({name!r}).read()\n", f"p = Path({name!r})\ns = p.read_text()\n"))
        write = self.random.choice(
            (
                f"open({name!r}, 'w').write(s)\n",
                f"Path({name!r}).write_text(s)\n",
                f"with open({name!r}, 'w', encoding='utf-8') as f:\n    f.write(s)\n",
                f"s = s + {self.lines()!r}\nf = open({name!r}, 'w')\nf.write(s)\nf.close()\n",
                f"Path({name!r}).write_text({self.line()!r} + s)\n",
                f"open({name!r}, 'w').write(s.rstrip() + {chr(10) + self.lines()!r})\n",
            )
        )
        count = self.random.choice(("", ", 1"))
        change = f"old = {old!r}\nnew = {new!r}\n{self.proof('old')}s = s.replace(old, new{count})\n"
        if self.random.random() < 0.25:
            change = f"t = s.replace({old!r}, {new!r}{count})\nassert t != s\ns = t\n"
        return read + change + write

    def chain(self) -> str:
        name = self.name()
        lines = [f"s = Path({name!r}).read_text()\n"]
        pairs = [(self.part(), self.new(self.part())) for _ in range(self.random.randint(2, 4))]
        checks = [self.proof(repr(old)) for old, _ in pairs]
        changes = [f"s = s.replace({old!r}, {new!r})\n" for old, new in pairs]
        if self.random.random() < 0.5:
            lines += [*checks, *changes]
        else:
            lines += [line for pair in zip(checks, changes, strict=True) for line in pair]
        return "".join(lines) + f"Path({name!r}).write_text(s)\n"

    def whole(self) -> str:
        name = self.name()
        text = self.lines()
        return self.random.choice(
            (
                f"open({name!r}, 'w').write({text!r})\n",
                f"Path({name!r}).write_text({text!r})\n",
                f"with open({name!r}, 'a') as f:\n    f.write({text!r})\n    print({self.line()!r}, file=f)\n",
                f"open({name!r}, 'w').write(open({name!r}).read().replace('a', {self.line()!r}))\n",
                f"lines = [{self.line()!r}]\nlines.append({self.line()!r})\nPath({name!r}).write_text('\\n'.join(lines))\n",
                f"Path('d') .joinpath('g.txt').write_text(f'{self.line().strip().replace(chr(39), chr(34))}\\n{{1}}\\n')\n",
                f"(Path('d') / 'h.txt').write_bytes({text!r}.encode())\n",
            )
        )

    def loop(self) -> str:
        entries = [(self.name(), self.part(), self.new(self.part())) for _ in range(2)]
        leave = self.random.choice(
            ("", "    if 'two' in s:\n        continue\n", "    if 'two' in s:\n        break\n")
        )
        return (
            f"for name, old, new in {entries!r}:\n    s = open(name).read()\n{leave}"
            + "    assert old in s\n    open(name, 'w').write(s.replace(old, new))\n"
            + self.random.choice(("", f"Path('b.txt').write_text({self.lines()!r} + s + '\\n')\n"))
        )

    def helper(self) -> str:
        old = self.part()
        check = self.random.choice(
            (
                "    assert old in s, name\n",
                "    if old not in s:\n        return\n",
                "    if s.count(old) < 1:\n        raise SystemExit(2)\n",
                "",
            )
        )
        return (
            f"def change(name, old, new):\n    s = Path(name).read_text()\n{check}"
            "    Path(name).write_text(s.replace(old, new, 1))\n"
            f"change({self.name()!r}, {old!r}, {self.new(old)!r})\nchange({self.name()!r}, new={self.lines()!r}, old={self.part()!r})\n"
        )

    def doubt(self) -> str:
        name = self.name()
        write = f"Path({name!r}).write_text({self.lines()!r})"
        return self.random.choice(
            (
                f"if 'alpha' in Path('b.txt').read_text():\n    {write}\n",
                f"try:\n    s = Path('absent').read_text()\n    {write}\nexcept OSError:\n    pass\n",
                f"text = {self.lines()!r}\nif Path('absent').exists():\n    text = {self.lines()!r}\nPath({name!r}).write_text(text)\n",
                f"for one in Path('d').glob('*.none'):\n    {write}\n",
                f"if Path('absent').exists():\n    sys.exit(0)\n{write}\n",
                f"ok = False\nok or sys.exit(0)\n{write}\n",
                f"while False:\n    {write}\n",
                f"lines = [{self.line()!r}]\nlines.clear()\nPath({name!r}).write_text('\\n'.join(lines))\n",
                f"def later():\n    {write}\n",
            )
        )
