"""What comes near to a secret and stays is listed for a person."""

from __future__ import annotations

from git_ai_trail.redact import near_misses
from git_ai_trail.redact.near import NearMiss
from tests.redact.samples import clean


def test_tokens_like_secrets_come_first_and_words_not_at_all() -> None:
    odd = "k9Qz" + "7xR2" + "bW4t"
    text = f"the deployment_configuration\n  code {odd} and {odd}\nv1.2.3 {'0a1b2c3d' * 5} [REDACTED:token#12345]\n"
    (found,) = near_misses(text, 10)
    assert isinstance(found, NearMiss)
    assert (found.token, found.line, found.column, found.times) == (odd, 2, 8, 2)


def test_no_more_than_asked_for_and_in_order() -> None:
    texts = [f"a{n}Zk{n}Qw{n}Rt{n}x" for n in range(9)]
    found = near_misses(" ".join(texts), 4)
    assert len(found) == 4
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_what_is_listed_is_what_redaction_leaves() -> None:
    odd = "k9Qz" + "7xR2" + "bW4t"
    assert [one.token for one in near_misses(clean(f"so {odd} it is"), 5)] == [odd]
