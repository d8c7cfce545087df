"""Finds what names a person: e-mail addresses, home folders in all their spellings, owners in long listings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_PERSON, Detector, Leaf, Span, matches

EMAIL_RULE = "email"
HOME_RULE = "home-path"
USER_RULE = "user-name"

_EMAIL = pattern(
    r"(?<![\w.+%-])(?P<user>[\w.+%-]{0,63}\w)@(?P<host>(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w(-])",
    re.ASCII,
)
_EMAIL_GATE = r"\w@(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2}"
# Addresses that belong to nobody: reserved for documentation, or a machine's.
_NOBODY = pattern(
    r"(?:(?:.*\.)?example(?:\.(?:com|org|net|edu))?|(?:.*\.)?(?:test|invalid|localhost|local)|test\.com|domain\.com"
    r"|email\.com|users\.noreply\.github\.com|noreply\.github\.com)",
    re.IGNORECASE,
)
_MACHINE = pattern(r"(?:git|hg|svn|noreply|no-reply|donotreply|postmaster|mailer-daemon|root)", re.IGNORECASE)
# `logo@2x.png`, `unit@.service`: what stands behind the last dot is a file's, not a country's.
_FILE_ENDINGS = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "ico",
        "pdf",
        "js",
        "mjs",
        "cjs",
        "jsx",
        "ts",
        "tsx",
        "json",
        "jsonl",
        "css",
        "scss",
        "less",
        "html",
        "htm",
        "map",
        "txt",
        "yml",
        "yaml",
        "toml",
        "lock",
        "tgz",
        "gz",
        "zip",
        "whl",
        "jar",
        "service",
        "socket",
        "timer",
        "target",
        "path",
        "mount",
        "slice",
        "scope",
        "py",
        "rs",
        "go",
        "rb",
        "java",
        "kt",
        "cs",
        "cpp",
        "hpp",
        "sh",
        "bash",
        "zsh",
        "md",
        "rst",
        "xml",
        "sql",
        "log",
        "tmp",
        "bak",
        "cfg",
        "conf",
        "ini",
        "env",
        "exe",
        "dll",
        "so",
        "vue",
        "svelte",
    ]
)

_SEP = r"(?:/{1,3}|\\{1,8})"
_HOME = pattern(
    r"(?<![A-Za-z0-9_.~\x1f-])(?:/mnt/[a-z](?=/Users)|/(?=[a-z]/Users)[a-z]|[A-Za-z]:)?"
    rf"(?:/(?:export/|var/|private/)?home/|{_SEP}Users{_SEP}|{_SEP}Documents and Settings{_SEP})"
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{0,63})",
    re.ASCII,
)
_HOME_GATE = r"(?:/home/|[/\\]Users[/\\]{1,8}|Documents and Settings[/\\]{1,8})[A-Za-z0-9_]"
_SLUG = pattern(r"(?<![A-Za-z0-9])-(?:Users|home)-(?P<name>[A-Za-z0-9_.]{1,64})(?=-|\b)", re.ASCII)
_SLUG_GATE = r"-(?:Users|home)-[A-Za-z0-9_.]"
_PERCENT = pattern(r"(?:[A-Za-z](?:%3A|:))?%2F(?:Users|home)%2F(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{0,63})", re.ASCII)
_PERCENT_GATE = r"%2F(?:Users|home)%2F[A-Za-z0-9_]"
_LISTING = pattern(
    r"[-dlbcps][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT][.+@]?[ \t]{1,12}\d{1,9}[ \t]{1,8}"
    r"(?P<name>[A-Za-z_][\w.-]{2,63})[ \t]{1,12}(?P<group>[\w.-]{1,64})[ \t]{1,20}\d",
    re.ASCII,
)
_LISTING_GATE = r"[-dlbcps][-r][-w][-xsS][-r][-w][-xsS][-r][-w][-xtT][.+@]?[ \t]{1,12}\d{1,9}[ \t]{1,8}[A-Za-z_]"

# Account names that say nothing about a person; they are never replaced as words.
GENERIC = frozenset(
    [
        "root",
        "user",
        "users",
        "runner",
        "ubuntu",
        "debian",
        "admin",
        "administrator",
        "vscode",
        "node",
        "codespace",
        "codex",
        "claude",
        "agent",
        "dev",
        "developer",
        "build",
        "builder",
        "ci",
        "jenkins",
        "gitlab",
        "git",
        "docker",
        "app",
        "apps",
        "www",
        "www-data",
        "nobody",
        "staff",
        "wheel",
        "daemon",
        "guest",
        "test",
        "tester",
        "public",
        "shared",
        "default",
        "home",
        "linuxbrew",
        "vagrant",
        "ec2-user",
        "centos",
        "fedora",
        "pi",
        "me",
        "you",
        "name",
        "username",
        "user-name",
        "bot",
        "service",
        "nginx",
        "postgres",
        "mysql",
        "redis",
        "system",
        "local",
        "data",
        "work",
        "code",
        "src",
        "project",
        "projects",
        "sandbox",
        "container",
        "workspace",
        "everyone",
    ]
)


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(rule=EMAIL_RULE, find=_emails, gates=(_EMAIL_GATE,), keywords=("@",), reach=700, checked=True),
        Detector(
            rule=HOME_RULE,
            find=_homes,
            gates=(_HOME_GATE,),
            keywords=("/home/", "users", "documents and settings"),
            reach=120,
            checked=True,
        ),
        Detector(
            rule=HOME_RULE, find=_slugs, gates=(_SLUG_GATE,), keywords=("-users-", "-home-"), reach=120, checked=True
        ),
        Detector(rule=HOME_RULE, find=_percents, gates=(_PERCENT_GATE,), keywords=("%2f",), reach=120, checked=True),
        Detector(rule=USER_RULE, find=_owners, gates=(_LISTING_GATE,), keywords=("r",), reach=300, checked=True),
    )


def is_somebodys(user: str, host: str) -> bool:
    """Whether `user@host` can be a person's address: not a file's name, reserved for examples, or a machine's."""
    last = host.rpartition(".")[2].lower()
    return not (last in _FILE_ENDINGS or _NOBODY.fullmatch(host) or _MACHINE.fullmatch(user))


def name_in_home(path: str) -> str:
    """The user name in a path below a home folder, else empty."""
    match = _HOME.match(path)
    return match["name"] if match else ""


def _emails(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_EMAIL, leaf.text, low, high):
        if not is_somebodys(match["user"], match["host"]):
            continue
        # user:password@host in a URL is no address.
        if (
            leaf.text[match.start() - 1 : match.start()] == ":"
            and "//" in leaf.text[max(0, match.start() - 200) : match.start()]
        ):
            continue
        yield Span(match.start(), match.end(), EMAIL_RULE, "email", RANK_PERSON)


def _homes(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_HOME, leaf.text, low, high):
        name, end = match["name"], match.end()
        while name.endswith("."):  # the end of a sentence
            name, end = name[:-1], end - 1
        if name and name != "Shared":
            yield Span(match.start(), end, HOME_RULE, "home-path", RANK_PERSON, None, name)


def _slugs(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_SLUG, leaf.text, low, high):
        yield Span(match.start() + 1, match.end(), HOME_RULE, "home-path", RANK_PERSON, None, match["name"])


def _percents(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_PERCENT, leaf.text, low, high):
        yield Span(match.start(), match.end(), HOME_RULE, "home-path", RANK_PERSON, None, match["name"])


def _owners(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    for match in matches(_LISTING, leaf.text, low, high):
        for group in ("name", "group"):
            name = match[group]
            if len(name) >= 3 and name.lower() not in GENERIC and not name.isdigit() and not name.startswith("_"):
                yield Span(*match.span(group), USER_RULE, "user-name", RANK_PERSON, None, name)
