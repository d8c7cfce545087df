"""Passwords are gone where single programs and their files have them, and what only looks like it stays."""

from __future__ import annotations

import pytest

from tests.redact.samples import clean, random_text

PASSWORD = "Heron" + "7blue"

FORMS = [
    "mysqldump -h db -uroot -p'{}' app > x.sql",
    "db1:5432:app:appuser:{}",
    "FROM x\nENV POSTGRES_PASSWORD {}\n",
    "requirepass {}",
    "bindpw {}",
    r"net use \\srv\share {} /user:dom\u",
    "ldapsearch -D cn=admin -w {} -b dc=x",
    "mongo -u admin -p {} --authenticationDatabase admin",
    "mosquitto_pub -u me -P {} -t a",
    "htpasswd -b /etc/nginx/.htpasswd admin {}",
    "htpasswd -nb admin {}",
    "echo 'root:{}' | sudo chpasswd",
    "useradd -p {} bob",
    "openssl enc -aes-256-cbc -k {} -in f",
    "unzip -P {} a.zip",
    "7z x -p{} a.7z",
    "machine api.example\nlogin me\npassword {}\n",
    "user: admin pass: {}",
    "nmcli con modify x wifi-sec.psk {}",
    'psk="{}"',
    "snmp-server community {} RO",
    "enable secret 0 {}",
    "username admin password 0 {}",
    "rabbitmqctl change_password me {}",
    "sqlcmd -S h -U sa -P {}",
    'DriverManager.getConnection(url, "root", "{}")',
    "new PDO($dsn, 'root', '{}')",
    'variable "db_password" {{\n  type = string\n  default = "{}"\n}}',
    'new NetworkCredential("u", "{}")',
    'new PasswordAuthentication("u", "{}".toCharArray())',
    'redis.auth("{}")',
    "jwt.sign(payload, '{}')",
    'user.setPassword("{}");',
    "fill_in 'Password', with: '{}'",
    'assertEquals("{}", user.getPassword())',
    "auth=('bob', '{}')",
    "user/pass: admin/{}",
    "curl -u ':{}' https://localhost:9200",
]

STAY = [
    "mongo -u admin -p $PASSWORD x",
    "htpasswd -b f admin ${PASS}",
    "snmp-server community public RO",
    "the password incorrect message",
    "src/app.py:5432:def f(a): return a",
    "login(title, subtitle)",
    "user.setPassword(password)",
    "jwt.verify(token, publicKey)",
    "enable secret santa",
    "--- PASS: TestLogin (0.00s)",
    "zip -r archive.zip folder",
    'variable "region" {\n  default = "eu-west-1"\n}',
]


@pytest.mark.parametrize("form", FORMS)
def test_a_password_of_a_program_is_gone(form: str) -> None:
    text = clean(form.format(PASSWORD))
    assert PASSWORD not in text
    assert "[REDACTED:" in text


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_for_a_password_stays(form: str) -> None:
    assert "${PASSWORD}" in clean(form.replace("{{", "{").replace("}}", "}").replace("{}", "${PASSWORD}"))


@pytest.mark.parametrize("text", STAY)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("form", ["pat: {}", "sonar.login={}", "vault login {}", "npm config set //r/:_authToken {}"])
@pytest.mark.parametrize("alphabet", ["0123456789abcdef", "abcdefghijkmnpqrstuvwxyzABCDEFGHJK23456789"])
def test_a_token_of_a_program_is_gone(form: str, alphabet: str) -> None:
    token = random_text(40, 5, alphabet)
    assert token not in clean(form.format(token))
