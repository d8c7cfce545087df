"""Secrets in the ways in which programs and configuration files write them, and what only looks like one."""

from __future__ import annotations

import base64

import pytest

from tests.redact.samples import ALPHANUMERIC, clean, key_block, random_text, scrubber

VALUE = random_text(6, 3) + "7x9" + random_text(9, 4)
HEX = random_text(40, 5, "0123456789abcdef")
UUID = f"{HEX[:8]}-{HEX[8:12]}-{HEX[12:16]}-{HEX[16:20]}-{HEX[20:32]}"

FORMS = [
    'const serviceToken = "{}"',
    "serviceToken := `{}`",
    'service_TOKEN ::= "{}"',
    'service_TOKEN :::= "{}"',
    'service_TOKEN ?= "{}"',
    "SERVICE_TOKEN={}",
    "export SERVICE_TOKEN={};",
    '$serviceToken .= "{}";',
    'serviceToken ||= "{}"',
    'if (apiToken === "{}") {{',
    'var serviceToken string = "{}"',
    'let service_token: &str = "{}";',
    'service_token: str = "{}"',
    'char token[] = "{}";',
    'NSString *token = @"{}";',
    'System.setProperty("SERVICE_TOKEN", "{}")',
    'os.getenv("SERVICE_TOKEN", "{}")',
    "<serviceToken>\n    {}\n</serviceToken>",
    '<add key="ServiceToken" value="{}" />',
    '"name": "SERVICE_TOKEN",\n  "value": "{}"',
    "- name: SERVICE_TOKEN\n  value: {}",
    "service.token = {}\n",
    '"service_token" => "{}"',
    'service_token "{}"',
    'curl -H "X-Service-Token: {}" https://example.com',
    '{{"config.ini": "SERVICE_TOKEN={}\\nBACKUP=true"}}',
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [VALUE, HEX, UUID], ids=["mixed", "hex", "uuid"])
def test_a_token_behind_its_name_is_gone_however_it_is_written(form: str, value: str) -> None:
    assert value[:8] not in clean(form.format(value))
    assert value[-8:] not in clean(form.format(value))


@pytest.mark.parametrize(
    "text",
    [
        "db_pass = 'sunny{}'",
        "dbPass: 'sunny{}'",
        "ROOT_PW=sunny{}",
        "CREATE USER app IDENTIFIED BY 'sunny{}'",
        "spring.datasource.password = sunny{}\n",
        "password: sunny{}\nuser: app\n",
        "mysql -u root -psunny{} app",
        "redis_password\t= sunny{}",
        "the password is sunny{}",
        "auth: {{ user: 'app', pass: 'sunny{}' }}",
        "$ PGPASSWORD=sunny psql -U app # {}",
        "docker login -u app -p sunny{} registry.example.org",
        "redis-cli -h cache -a sunny{} ping",
        "keytool -list -storepass sunny{}",
        "openssl rsa -in k.pem -passin pass:sunny{}",
        "machine example.org login app password sunny{}",
        "requests.get(url, auth=('app', 'sunny{}'))",
        "jdbc:oracle:thin:app/sunny{}@db:1521/x",
        "jdbc:mysql://db/app?user=app&password=sunny{}",
    ],
)
def test_a_password_is_gone_however_it_is_written(text: str) -> None:
    assert "sunny" not in clean(text.format("shore7"))


@pytest.mark.parametrize(
    "text",
    [
        "password: rosebud\nuser: app\n",
        'psql "host=db password=rosebud dbname=x"',
        "x --from-literal=password=rosebud",
        "db.password=rosebud\n",
        "  password: rosebud\n  host: db\n",
    ],
)
def test_a_word_alone_on_a_line_of_configuration_can_be_a_password(text: str) -> None:
    assert "rosebud" not in clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "fetch(url, {credentials: 'same-origin'})",
        "the password is incorrect",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "def login(username: str, password: str) -> Token:",
        "secretName: my-app-tls",
        "tokenUrl: https://example.org/oauth/token",
        "token_type: bearer",
        'const tokenizer = new Tokenizer("cl100k_base")',
        "PASS: test_foo (0.01s)",
        'cd "$PWD"/build',
        "JWT_ALGORITHM=HS256",
        "ENV PASSENGER_APP_ENV=production",
        "curl -u user:password https://example.com",
        '"password": {"type": "string", "minLength": 8}',
        '<label for="password">Password</label>',
        "access_token = await getAccessToken()",
        "two-pass: encode2x\n",
        "bypass = enable2x",
        "pass = compile(module)",
        "3 pass, 1 fail: test_2x",
        'password: "Passwort"',
        'label_password = "Passwort eingeben"',
        "password: string\n",
        "password: userPassword\n}",
        "password = getpass.getpass()\n",
        '"pbkdf2-password": "1.2.1"',
        "token = next(tokens)\n",
        "total_tokens: 1234567\n",
        'cache_key = "user:profile:list"',
        'print("token", "value")',
        "PWD_ROOT = CERTS_ROOT / name",
        "credentials = '%s:%s' % (name, word)",
        '<path d="M1200 1000v-100h-1200v100h200q0 41z"/>',
        "- key: metadata.labels\n",
        "max_tokens=4096",
        "see https://example.org/tokens/secret-rotation",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("name", ["ghp_", "glpat-", "sk_live_", "hf_", "dckr_pat_"])
def test_what_documentation_puts_for_a_token_stays(name: str) -> None:
    text = f"for example {name}{'x' * 36}"
    assert clean(text) == text


def test_the_values_of_a_kubernetes_secret_are_gone_and_the_rest_stays() -> None:
    encoded = base64.b64encode(b"a word").decode()
    manifest = (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  user: {encoded}\n  x: {encoded}\ntype: Opaque\n"
    )
    for text in (manifest, "".join(f"+{line}\n" for line in manifest.splitlines())):
        cleaned = clean(text)
        assert encoded not in cleaned
        assert "name: db" in cleaned
        assert "type: Opaque" in cleaned
    assert clean(manifest.replace("Secret", "ConfigMap")) == manifest.replace("Secret", "ConfigMap")
    assert encoded not in clean(f'{{"kind": "Secret", "data": {{"user": "{encoded}"}}')  # broken off


def test_a_value_that_is_known_by_a_part_goes_whole() -> None:
    value = f"one.{random_text(24, 8)}7A.two.{random_text(24, 9)}7A"
    made, redactions = scrubber().value({"service_token": value})
    assert made == {"service_token": "[REDACTED:secret#1]"} or made["service_token"].count("[") == 1
    assert [one.kind for one in redactions] == ["secret"]


def test_user_and_password_of_a_command_are_gone_together() -> None:
    cleaned = clean("curl -s \\\n  -u deploy:Sunny$hore7 https://example.org")
    assert "deploy" not in cleaned
    assert "Sunny" not in cleaned


@pytest.mark.parametrize("what", ["CERTIFICATE", "PUBLIC KEY", "PGP SIGNATURE"])
def test_what_is_meant_for_everybody_stays(what: str) -> None:
    lines = [random_text(64, seed, ALPHANUMERIC + "+/") for seed in range(20)]
    text = "\n".join((f"-----BEGIN {what}-----", *lines, f"-----END {what}-----"))
    assert clean(text) == text
    assert clean(text[:600]) == text[:600]
    assert clean(text[600:]) == text[600:]
    assert lines[3] not in clean("\n".join(lines))


def test_a_private_key_behind_a_certificate_is_gone() -> None:
    lines = "\n".join(random_text(64, seed, ALPHANUMERIC + "+/") for seed in range(4))
    text = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n{key_block(9)}\n"
    cleaned = clean(text)
    assert cleaned.startswith(text[:200])
    assert not any(line in cleaned for line in key_block(9).splitlines()[1:-1])
