"""Tokens: shown once, kept as hashes, compared in constant time, gone when revoked."""

from __future__ import annotations

import hmac
import json
import stat
import threading
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from index.errors import ConfigError, StoreError
from ui.cli import main
from ui.service.tokens import FILE_NAME, Tokens

pytestmark = pytest.mark.unit


def test_token_is_found_by_its_secret_and_kept_as_its_hash_alone(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    token, secret = tokens.make("laptop")
    file = tmp_path / FILE_NAME
    assert tokens.find(secret) == token
    assert token.scopes == ("read",)
    assert secret not in file.read_text(encoding="utf-8")
    assert token.digest == sha256(secret.encode()).hexdigest()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("wrong", ["", "fn_", "fn_" + "x" * 43, "\udcff", "x" * 1_000_000])
def test_wrong_secret_finds_nothing(tmp_path: Path, wrong: str) -> None:
    tokens = Tokens(tmp_path)
    tokens.make()
    assert tokens.find(wrong) is None


def test_every_token_is_compared_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(tmp_path)
    secrets = [tokens.make()[1] for _ in range(3)]
    compared = list[tuple[str, str]]()
    real = hmac.compare_digest

    def watched(a: str, b: str) -> bool:
        compared.append((a, b))
        return real(a, b)

    monkeypatch.setattr("hmac.compare_digest", watched)
    for secret in [secrets[0], "fn_wrong"]:
        compared.clear()
        tokens.find(secret)
        digest = sha256(secret.encode()).hexdigest()
        assert compared == [(token.digest, digest) for token in tokens.all()]


def test_server_that_runs_sees_new_and_revoked_tokens(tmp_path: Path) -> None:
    server, admin = Tokens(tmp_path), Tokens(tmp_path)
    assert server.all() == ()
    token, secret = admin.make(write=True)
    found = server.find(secret)
    assert found
    assert found.scopes == ("read", "write")
    admin.revoke(token.id)
    assert server.find(secret) is None


def test_revoke_what_is_not_there_says_how_to_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no token 'abc'; run: footnote token list"):
        Tokens(tmp_path).revoke("abc")


DIGEST = '"made": "", "scopes": ["read"], "name": "", "digest"'


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[1]", '[{"id": "a"}]', '{"a": 1}', "[" * 100_000, '["\\ud800"]', "\udcff"),
        *(f'[{{"id": "a", {DIGEST}: 1}}]', f'[{{"id": "a", {DIGEST}: "\\ud800"}}]'),
    ],
)
def test_damaged_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(StoreError, match=r"tokens\.json cannot be read"):
        Tokens(tmp_path).find("fn_x")


def test_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["--data", str(tmp_path), "token", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    secret = run("new", "--write", "--name", "ci").strip()
    found = Tokens(tmp_path).find(secret)
    assert found
    listed = json.loads(run("list", "--json"))
    assert listed == [
        {"id": found.id, "name": "ci", "scopes": ["read", "write"], "made": found.made}
    ]
    assert run("list") == f"{found.id}  {found.made}  read+write  ci\n"
    run("revoke", found.id)
    assert run("list") == ""


def test_tokens_made_and_revoked_at_once_are_all_kept_and_gone(tmp_path: Path) -> None:
    old = [Tokens(tmp_path).make()[0].id for _ in range(6)]
    secrets = list[str]()

    def make() -> None:
        secrets.append(Tokens(tmp_path).make()[1])

    work = [
        *(threading.Thread(target=make) for _ in range(6)),
        *(threading.Thread(target=Tokens(tmp_path).revoke, args=(each,)) for each in old),
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    kept = Tokens(tmp_path)
    assert len(kept.all()) == 6
    assert all(kept.find(secret) for secret in secrets)
