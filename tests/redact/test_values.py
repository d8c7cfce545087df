"""Names with values behind them, in the ways programs and people write them."""

from __future__ import annotations

import pytest

from tests.redact.samples import clean, random_text

WORD = "hun" + "ter22"
ODD = "c0rrect-" + "h0rse!"
HEX = random_text(32, 3, "0123456789abcdef")
UUID = "-".join(random_text(n, 4, "0123456789abcdef") for n in (8, 4, 4, 4, 12))
MIXED = "a8f5" + "f167f44f4964e6c998dee827110c"
SHORT = "s3" + "cretpw"
PLAIN = "kal" + "inka"
SPOKEN = "mail_" + "secure_pass"
ENCODED = "dGVzdC1r" + "ZXktMTIzNDU2"
LETTERS = random_text(40, 6, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

GONE = [
    ("DB_PASSWORD={}", WORD),
    ("export API_TOKEN={}", MIXED),
    ("  PASSWORD={}", "letme" + "in"),
    ('password = "{}"', WORD),
    ("password: '{}'", ODD),
    ('"password": "{}",', WORD),
    ('\\"password\\": \\"{}\\"', WORD),
    ('{{"operation":"AuthService.register","auth_token":"{}"}}', HEX),
    ("client_secret: {}", UUID),
    ("secret_id = '{}'", UUID),
    ("api_key: {}", HEX),
    ("apiKey: '{}',", HEX),
    ("x-api-key: {}", HEX),
    ("<password>{}</password>", WORD),
    ("Server=db;User Id=sa;Password={};Timeout=3", ODD),
    ("deploy --password {} --force", WORD),
    ("tool --api-key={}", HEX),
    ("curl -u ann:{} https://example.com/", SHORT),
    ("sshpass -p {} ssh host", SHORT),
    ("mysql -u root -p{} db", SHORT),
    ("Authorization: Bearer {}", MIXED),
    ("Authorization: Basic {}", "YW5uOmh1bnRlcjIyIQ=="),
    ('{{"Authorization": "Bearer {}"}}', MIXED),
    ("authorization: token {}", HEX),
    ("Cookie: session={}; theme=dark", HEX),
    ("https://ann:{}@db.example.org/x", SHORT),
    ("postgresql://app:{}@10.0.0.1:5432/app", SHORT),
    ("redis://:{}@cache:6379/0", SHORT),
    ("https://example.org/cb?access_token={}&x=1", MIXED),
    ("https://bucket.example.org/o?X-Amz-Signature={}&b=2", HEX * 2),
    ("the api key is {} for now", HEX),
    ("token {}", HEX),
    ("stripe key {}", MIXED),
    ("heroku api key {}", UUID),
    ("key: '{}'", HEX),
    ("appid={}", HEX),
    ("?a=1&appid={}", HEX),
    ('HMAC_KEY = "{}"', ENCODED),
    ("# config.pepper = '{}'", HEX),
    ("      MYSQL_PASSWORD: {}", SPOKEN),
    ("DB=postgres://u:${{DB_PASSWORD:-{}}}@db/x", SPOKEN),
    ('@Value("${{jwt.tokenSignKey:{}}}")', "asass" + "121"),
    ("<passkey>{}</passkey>", "Mah@" + "8537"),
    ('var secret = []byte("{}")', ODD),
    ("password: hasher('{}'),", PLAIN + PLAIN),
    ('"PASSWORD": "{}",', "$Sho" + "sho2020"),
    ('"Password": "{}",', LETTERS),
    ("#jdbc.password={}", "wxxy." + "2015"),
    ("Password: {}", "7P*)Ew&5Zx" + "O!^W)Hx"),
    ("RABBITMQ_ERLANG_COOKIE: {}", ODD),
    ('const decryptionKey = "{}"', "0yJ!@1$r8p0" + "L@r1$6yJ!"),
    ("JWT_SECRET={}", "Sampletest-jwt-" + "dbtoken$JWT-sam"),
    ('#define STAPSK  "{}"', PLAIN),
    ("curl -u admin:'{}' https://example.com/", "Lab@Search" + "2026!"),
    ("ALTER USER ann IDENTIFIED BY {};", SHORT),
    ("new mysqli('localhost', 'root', '{}', 'db')", SHORT),
    ('WiFi.begin("net", "{}");', SHORT),
    ("net user ann {} /add", SHORT),
    ("echo {} | passwd --stdin root", SHORT),
    ("credentials: admin / {}", SHORT),
    ("log in as admin:{} then", SHORT),
    ("ssh root@host with password {}", SHORT),
    ("I set the password to {}", SHORT),
    ("form.password.send_keys('{}')", PLAIN),
    ("cy.get('#password').type('{}')", PLAIN),
]


@pytest.mark.parametrize(("form", "secret"), GONE, ids=[form for form, _ in GONE])
def test_a_value_behind_a_telling_name_is_gone(form: str, secret: str) -> None:
    assert secret not in clean(form.format(secret))
    assert secret not in clean("first line\n" + form.format(secret) + "\nlast line\n")


KEPT = [
    "password = os.environ['DB_PASSWORD']",
    "token = get_token(request)",
    "const token: string = props.token",
    "password: $DB_PASSWORD",
    "password: ${DB_PASSWORD}",
    "password=<your-password>",
    '"password": "********"',
    'token = "YOUR_TOKEN_HERE"',
    'label="Password"',
    "password: 'Password is required'",
    '"max_tokens": 4096, "total_tokens": 123456',
    "token_count: 123",
    "def check_password(self, password: str) -> bool:",
    "secrets: inherit",
    "if (password !== confirmPassword) {",
    "api_key: Optional[str] = None",
    "The secret: nobody knows.",
    "Authorization: Bearer $TOKEN",
    "Authorization: Bearer <token>",
    "git@github.com:owner/project.git",
    "https://user@example.com/path",
    "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "index 83db48f..bf269f4 100644",
    f"request {UUID} done",
    "2026-11-22T10:45:12.123456Z",
    "the tokenizer: cl100k_base",
    "password: !secret wifi_password",
    'password = input("Name")',
    "items.map((item) => <li key={item.id}>",
    '<Row key="first-row" />',
    "key: 'created_at'",
    "image: postgres:16-alpine",
    "root:x:0:0:root:/root:/bin/bash",
    "chown root:docker2 file",
    "the secret to happiness is sleep",
    "token github.com/owner/project/internal",
    "key git_ai_trail.pipeline.ingest_log",
    "change the password to something else",
    "APP_ID: 12",
    "src/very_long_module_name/another_long_directory/test_some_behaviour_of_it.py",
    "test_amended_commit_keeps_its_link_when_the_message_is_edited",
    "getElementsByClassNameAndAttributeValue",
    "BROWSER_SUPPORTED_VERSIONS_TABLE_2024",
    "import { createServerComponentClient } from '@supabase/auth-helpers-nextjs'",
    "github.com/pkg/errors v0.9.1 h1:FEBLx1zS214owpjy7qsBeixbURkuhQAwrK5UwLGTwt4=",
    "call_" + random_text(24, 9),
    f"ses_dfa0575fcffe{random_text(14, 3)} prt_205fa9408001{random_text(14, 4)}",
    f"msg_{UUID} ctco_{UUID} exec-{UUID} {UUID}-plan",
    "rollout-2025-12-15T14-40-50-019b223e-0dc7-7f72-94d5-2a5a495afaef.jsonl",
]


@pytest.mark.parametrize("text", KEPT)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_lock_file_digests_stay() -> None:
    line = f'"integrity": "sha512-{random_text(60, 2)}/{random_text(25, 5)}=="'
    assert clean(line) == line


@pytest.mark.parametrize("length", [24, 32, 40, 64])
def test_long_random_tokens_are_found_without_a_name(length: int) -> None:
    gone = sum(random_text(length, seed) not in clean(f"use {random_text(length, seed)} now") for seed in range(200))
    assert gone >= 180


def test_a_whole_token_goes_however_it_continues() -> None:
    secret = "gh" + "p_" + random_text(36)
    assert clean(f"x {secret}_tail-and-more y") == "x [REDACTED:token#1] y"


# Names that go on, values that are made, and what stands between them otherwise than usual.
BESIDE = [
    "token_2 {}",
    "api_key] {}",
    "db_pass {}",
    "salt {}",
    "nonce1 {}",
    'sort_key = md5("{}")',
    "salt = bytes('{}')",
    "${{sort.key:{}}}",
    "some_key = '{}'",
    "key: {}",
    "otp {}",
]


@pytest.mark.parametrize("form", [*(form for form, _ in GONE), *BESIDE])
def test_every_way_to_find_candidates_finds_the_same(form: str) -> None:
    values = (WORD, ODD, HEX, UUID, MIXED, PLAIN, ENCODED, LETTERS, "0yJ!@1$r8p0" + "L@r1$6yJ!", random_text(24, 8))
    for text in (form.format(value) for value in values):
        assert clean(text, gate="hyperscan") == clean(text, gate="keyword") == clean(text, gate="plain")
