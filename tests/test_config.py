"""The two TOML files: strict, and with an error that says where and what."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_ai_trail.attach import profiles
from git_ai_trail.config import Price, load_repository, load_user, parse_repository, parse_user
from git_ai_trail.errors import ConfigError
from git_ai_trail.settings import PROFILES


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    policy = load_repository(str(tmp_path))
    person = load_user(str(tmp_path))

    assert (policy.profile, policy.publish, policy.weak_trailer, policy.require) == (None, "none", None, ())
    assert (person.log_roots, person.store_url, person.consent) == ((), "", "none")


def test_every_key_of_a_repository_is_read() -> None:
    policy = parse_repository(
        '[policy]\nprofile = "linux"\npublish = "first-line"\nweak-trailer = true\nrequire = ["trailer", "record"]\n'
        '[report]\nmode = "prompts"\nformat = "html"\ntitle = "AI"\n'
    )

    assert policy.profile == "linux"
    assert policy.publish == "first-line"
    assert policy.weak_trailer is True
    assert policy.require == ("trailer", "record")
    assert (policy.report_mode, policy.report_format, policy.report_title) == ("prompts", "html", "AI")


def test_every_key_of_a_person_is_read(home: Path) -> None:
    person = parse_user(
        '[logs]\nroots = ["~/old", "/srv/logs"]\n[store]\nurl = "sqlite:///trail.db"\n[consent]\npublish = "redacted"\n'
        '[prices."gpt-5.6"]\ninput = 1.25\ncached = 0.125\noutput = 10\n[formats]\nuse = ["mine"]\n'
        '[usage]\nprices = "~/prices.json"\n'
    )

    assert person.log_roots == (str(home / "old"), "/srv/logs")
    assert person.store_url == "sqlite:///trail.db"
    assert person.consent == "redacted"
    assert person.prices == {"gpt-5.6": Price(input=1.25, cached=0.125, output=10.0)}
    assert person.formats == ("mine",)
    assert person.price_file == str(home / "prices.json")


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ('[policy]\nprofil = "linux"\n', 2, "unknown key policy.profil", "did you mean policy.profile?"),
        ('\n\n[polcy]\nprofile = "linux"\n', 4, "unknown key polcy.profile", "did you mean policy.profile?"),
        ('profile = "linux"\n', 1, "unknown key profile", "did you mean policy.profile?"),
        ("[polcy]\n", 1, "unknown key polcy", "did you mean [policy]?"),
        ("# x\npolicy.weak_trailer = true\n", 2, "unknown key policy.weak_trailer", "policy.weak-trailer?"),
        ("zebra = 1\n", 1, "unknown key zebra", "known keys: policy.apart, policy.exempt"),
        ('[logs]\nroots = ["/srv"]\n', 2, "logs.roots does not belong", "your own config.toml"),
        ('[store]\n\nurl = "x"\n', 3, "store.url does not belong", "your own config.toml"),
        ('[consent]\npublish = "redacted"\n', 2, "consent.publish does not belong", "your own config.toml"),
        ('[policy]\nprofile = "linx"\n', 2, "policy.profile: must be one of default, linux", None),
        ('[policy]\n"publish" = "all"\n', 2, "policy.publish: must be one of none, first-line, redacted", None),
        ("[policy]\nweak-trailer = 1\n", 2, "must be true or false", None),
        ('[policy]\nrequire = "trailer"\n', 2, "must be a list of trailer, record", None),
        ('[policy]\nrequire = ["trailr"]\n', 2, "did you mean trailer?", None),
        ('[policy]\n\nprofile = "a" "b"\n', 3, "not TOML", None),
        ('[policy]\nprofile = "linux"\nprofile = "llvm"\n', 3, "not TOML", None),
        ('[report]\ntitle = "a\\u001b[31m"\n', 2, "report.title: must be one line of text", None),
    ],
)
def test_a_wrong_repository_file_says_where_and_what(text: str, line: int, said: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_repository(text, "policy.toml")

    assert caught.value.message.startswith(f"policy.toml:{line}: ")
    assert said in caught.value.message
    if hint is not None:
        assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[policy]\nprofile = "linux"\n', 2, "policy.profile does not belong into your own config.toml"),
        ('[logs]\nroots = ["relative"]\n', 2, "every folder must begin with / or ~"),
        ('[logs]\nroots = "/srv"\n', 2, "must be a list of folders"),
        ('[prices.x]\ninput = "1"\n', 1, "x.input must be dollars per million tokens"),
        ("[prices.x]\ninput = nan\n", 1, "x.input must be dollars per million tokens"),
        ("[prices.x]\ninptu = 1\n", 1, "x.inptu is not one of"),
        ("[prices]\nx = 1\n", 1, "x must be a table"),
    ],
)
def test_a_wrong_file_of_a_person_says_where_and_what(text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_user(text, "config.toml")

    assert caught.value.message.startswith(f"config.toml:{line}: ")
    assert said in caught.value.message


def test_a_hostile_key_reaches_no_terminal() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_repository('[policy]\n"\\u001b]0;x\\u0007" = 1\n')

    assert (caught.value.message + str(caught.value.hint)).isprintable()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"# " + b"x" * 300_000], ids=["not UTF-8", "huge"])
def test_a_file_that_cannot_be_a_policy_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git-ai-trail.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"\.git-ai-trail\.toml"):
        load_repository(str(tmp_path))


def test_a_link_to_something_endless_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".git-ai-trail.toml").symlink_to("/dev/zero")

    with pytest.raises(ConfigError, match="not a regular file"):
        load_repository(str(tmp_path))


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(ConfigError):
        parse_repository("a = " + "[" * 100_000)


def test_every_profile_that_can_be_named_exists() -> None:
    assert set(PROFILES) == set(profiles.PROFILES)
