"""Secrets: every provider's keys, tokens, private keys, addresses with passwords, and what only looks like one."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path

import numpy as np
import pytest

from llmops_audit.personal_data import find
from llmops_audit.personal_data import secret_forms as forms
from llmops_audit.personal_data.recognisers import secrets

OURS = {kind.name for kind in secrets.KINDS}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

HEX = "9c4e1f7a2b8d6035" * 4
MIXED = "a1B2c3D4e5F6g7H8i9J0" * 6
BIG = "A1B2C3D4E5F6G7H8I9J0" * 4

# In parts: a site that hosts the sources would take whole ones for keys.
KEYS = {
    "Amazon Web Services": "AKIA" + BIG[:16],
    "Google API": "AIza" + MIXED[:35],
    "Google OAuth client": "GOCSPX-" + MIXED[:28],
    "Google OAuth access": "ya29" + "." + MIXED[:60],
    "GitHub": "ghp_" + MIXED[:36],
    "GitHub, fine-grained": "github_pat_" + MIXED[:22] + "_" + MIXED[:59],
    "GitLab": "glpat-" + MIXED[:20],
    "Slack": "xoxb-" + "123456789012-" + MIXED[:24],
    "Slack app": "xapp-" + "1-A012345-" + HEX[:40],
    "Slack webhook": "hooks.slack.com/" + "services/T01234567/B01234567/" + MIXED[:24],
    "Stripe": "sk_" + "live_" + MIXED[:24],
    "Stripe webhook": "whsec_" + MIXED[:32],
    "OpenAI": "sk-" + "proj-" + MIXED[:64],
    "Anthropic": "sk-" + "ant-api03-" + MIXED[:93],
    "OpenRouter": "sk-" + "or-v1-" + HEX[:64],
    "Hugging Face": "hf_" + MIXED[:34],
    "npm": "npm_" + MIXED[:36],
    "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + MIXED[:80],
    "SendGrid": "SG" + "." + MIXED[:22] + "." + MIXED[:43],
    "Twilio": "SK" + HEX[:32],
    "Mailchimp": HEX[:32] + "-us" + "12",
    "Alibaba Cloud": "LTAI" + "5t" + MIXED[:18],
    "Tencent Cloud": "AKID" + MIXED[:32],
    "Volcengine": "AKLT" + MIXED[:43],
    "DigitalOcean": "dop_v1_" + HEX[:64],
    "Shopify": "shpat_" + HEX[:32],
    "Databricks": "dapi" + HEX[:32],
    "Telegram bot": "123456789" + ":AA" + MIXED[:33],
    "New Relic": "NRAK-" + BIG[:27],
    "Grafana": "glsa_" + MIXED[:32] + "_" + HEX[:8],
    "Docker Hub": "dckr_pat_" + MIXED[:27],
    "Groq": "gsk_" + MIXED[:52],
    "xAI": "xai-" + MIXED[:80],
    "Perplexity": "pplx-" + MIXED[:48],
    "Replicate": "r8_" + MIXED[:37],
    "Notion": "ntn_" + MIXED[:46],
    "Linear": "lin_api_" + MIXED[:40],
    "Postman": "PMAK-" + HEX[:24] + "-" + (HEX * 2)[:34],
    "Atlassian": "ATATT3x" + MIXED[:110],
    "age": "AGE-SECRET-" + "KEY-1" + BIG[:58],
    "Vault": "hvs" + "." + MIXED[:90],
}


def _found(text: str, header: str = "") -> list[tuple[str, str, str]]:
    spans = find([text], header=header)[0]
    return [(text[span.start : span.end], span.kind, str(span.confidence)) for span in spans if span.kind in OURS]


def _token(header: object, payload: object = "x") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def test_every_provider_has_an_example() -> None:
    """No provider of the catalogue is left untried."""
    assert set(KEYS) == set(secrets.PROVIDERS)


@pytest.mark.parametrize("provider", KEYS)
@pytest.mark.parametrize("template", ["{}", "key={}", '"{}",', "密钥{}已泄露", "use {}.", "api_key: '{}'"])
def test_keys_of_providers(provider: str, template: str) -> None:
    """A key with a provider's mark is confirmed wherever it stands, and found whole."""
    assert (KEYS[provider], "api_key", "confirmed") in _found(template.format(KEYS[provider]))


@pytest.mark.parametrize("provider", KEYS)
def test_a_key_that_is_cut_off_or_crossed_out_is_none(provider: str) -> None:
    """The mark alone, and a mark with one letter over and over, are no key."""
    mark = KEYS[provider][:-20]
    assert [found for found in _found(f"{mark[:8]} and so on") if found[1] == "api_key"] == []
    assert [found for found in _found(f"{mark[:6]}{'x' * 60}") if found[1] == "api_key"] == []


def test_old_openai_keys_need_a_digit() -> None:
    """The short mark with letters and digits is a key; with words it is a name in a style sheet."""
    key = "sk-" + MIXED[:48]
    assert _found(f"OPENAI_API_KEY={key}")[-1] == (key, "api_key", "confirmed")
    assert _found("sk-" + "abcdefghijklmnopqrstuvwxyzabcdefgh") == []


def test_tokens_with_an_algorithm_are_confirmed() -> None:
    """A JSON web token counts where its header decodes to an object that names an algorithm."""
    token = _token({"alg": "HS256", "typ": "JWT"}, {"sub": "joe", "pad": "x" * 1500})
    assert _found(f"Cookie: session={token};") == [(token, "jwt", "confirmed")]
    assert [found for found in _found(_token({"typ": "JWT"})) if found[1] == "jwt"] == []
    assert [found for found in _found("eyJ" + "abc" * 9 + ".eyJh.sig") if found[1] == "jwt"] == []
    assert forms.jwt("eyJ" + "[" * 700 + ".x.") == 0


@pytest.mark.parametrize("what", ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "])
def test_private_keys(what: str) -> None:
    """A header alone is likely, as when a file is read line by line; with what follows it is confirmed, as a whole."""
    header, footer = f"-----BEGIN {what}" + "PRIVATE KEY-----", f"-----END {what}" + "PRIVATE KEY-----"
    block = "\n".join((header, *(MIXED[:64],) * 12, footer))
    assert _found(header) == [(header, "private_key", "likely")]
    assert _found(f"{block}\nbye") == [(block, "private_key", "confirmed")]
    assert [kind for _, kind, _ in _found(json.dumps({"key": block}))] == ["private_key"]


@pytest.mark.parametrize(
    ("address", "confidence"),
    [
        ("https://bob:s3cr3t@host.example.com", "confirmed"),
        ("postgres://app:p@ssword@10.0.0.1:5432", "confirmed"),
        ("redis://:hunter2@[2001:db8::1]:6379", "confirmed"),
        ("amqp://guest:gu%21est@rabbit", "confirmed"),
        ("mysql://user:password@localhost", "likely"),
    ],
)
def test_addresses_with_passwords(address: str, confidence: str) -> None:
    """An address with a password is confirmed, and likely where it is the word that manuals write."""
    assert _found(f"连接{address}/db失败") == [(address, "url_credentials", confidence)]


@pytest.mark.parametrize(
    "text",
    [
        "password=Xk9mP2vL8q",
        'PASSWORD: "Xk9mP2vL8q"',
        '{"password": "Xk9mP2vL8q"}',
        "{'api_key': '" + HEX[:32] + "'}",
        "API_KEY=" + HEX[:32],
        "client_secret=Zm9vYmFyMTIzNDU2Nzg5MA==",
        'token: str = "' + MIXED[:24] + '"',
        "Your temporary password is Tg7$kLm2, change it",
        "my wifi password is BlueSky99!",
        "the new pwd: P@ssw0rd123",
        "User: bob Pass: Xk9mP2vL8q",
        "<password>Xk9mP2vL8q</password>",
        "?access_token=EAACEdEose0cBA1234567890abc&x=1",
        "Server=db;User=sa;Password=Str0ng!Pass;",
        "deploy --password Xk9mP2vL8q --force",
        "密码：Abc12345!",
        "密码是zhang1990",
        "登录密码 Qwe!2345",
        "初始密码为Ｉｎｉｔ＠２０２４",
        "密钥：" + HEX[:32],
        "Passwort: Geheim2024!",
        "contraseña: Verano2024!",
        "mot de passe : Soleil2024!",
        "curl -H 'Authorization: Basic " + base64.b64encode(b"joe:open sesame").decode() + "'",
        "Authorization: Bearer " + MIXED[:30],
        "api-key: 550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_secrets_that_are_written_down(text: str) -> None:
    """A mixed value behind the name of a secret is likely one, in code, in settings and in what people write."""
    assert [(kind, step) for _, kind, step in _found(text)] == [("secret", "likely")]


@pytest.mark.parametrize(
    "text",
    [
        "the password is incorrect",
        "the password must be at least 8 characters",
        "password reset link sent on 2024-05-01",
        "token: string",
        "password: changeme123",
        "password: ********",
        "password = getpass.getpass('Password1: ')",
        "password = os.getenv('DB_PASSWORD1')",
        "password=user.password1",
        "password=newPassword2",
        "token = get_token2(user)",
        "token = tokens[0]",
        "const token = req.headers.authorization1",
        "api_key: YOUR_API_KEY_1",
        "API_KEY=xxxxxxxxxxxxxxxx1",
        "csrf_token={{csrf_token1}}",
        "password=%(password1)s",
        "secretName: app-tls-2024",
        "secret: app-tls-cert-2024-prod",
        "max_tokens: 4096",
        "token count = 12345678",
        "Passcode: 123456",
        "pass rate: 95.5%",
        "boarding pass: LH1234-22A",
        "secret santa 2024: bring gifts",
        "api key: see https://x.com/a1b2c3",
        "token is ERC-20/ERC-721",
        "basic understanding2of",
        "密码：12345678",
        "密码：请联系管理员",
        "密码错误3次将锁定",
        "密码是8位以上字母和数字",
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256: " + HEX[:64],
        "password_hash: 5f4dcc3b5aa765d61d8327deb882cf99",
        "550e8400-e29b-41d4-a716-446655440000",
        "integrity=sha512-" + MIXED[:86] + "==",
        "data:image/png;base64," + MIXED,
        "ssh-rsa " + MIXED,
        "-----BEGIN CERTIFICATE-----\n" + MIXED[:64],
        "https://example.com:8080/a@b?c=d:e@f",
        "git@github.com:org/repo.git",
    ],
)
def test_what_only_looks_like_a_secret(text: str) -> None:
    """Prose, code without values, placeholders, identifiers, hashes and images hold no secret."""
    assert _found(text) == []


def test_columns_of_secrets() -> None:
    """A column whose name says so holds secrets where its cells are mixed, and none where they are words."""
    assert _found("Xk9mP2vL8q", "password") == [("Xk9mP2vL8q", "secret", "likely")]
    assert _found(HEX[:32], "apiKey") == [(HEX[:32], "secret", "likely")]
    assert _found(HEX[:32], "file_hash") == _found(HEX[:32]) == []
    assert _found("unbelievable", "password") == _found("covid-2019", "password") == []


@pytest.mark.parametrize(("text", "bits"), [("", 0.0), ("aaaa", 0.0), ("aabb", 1.0), ("abcdefgh", 3.0)])
def test_entropy(text: str, bits: float) -> None:
    """Entropy is that of the shares of the characters, in bits."""
    assert forms.entropy(text) == pytest.approx(bits)


@pytest.mark.parametrize(("length", "share"), [(8, 0.005), (12, 0.005), (16, 0.001), (32, 0.001)])
def test_random_values_are_mixed_enough(length: int, share: float) -> None:
    """Hardly any random string of letters and digits has too little entropy."""
    rng = np.random.default_rng(1)
    drawn = ["".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), length)) for _ in range(4000)]
    low = sum(forms.entropy(text) < forms.SHARE * math.log2(min(length, forms.LONG)) for text in drawn)
    assert low <= 4000 * share


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["sms_spam/sms.tsv", "cold_chinese/test.csv", "bbh_codex/snarks.cot.json"])
def test_nobody_s_prose_holds_a_secret(data_folder: Path, name: str) -> None:
    """Messages, comments and a model's completions, none of which tells a secret, hold none."""
    lines = (data_folder / name).read_text(encoding="utf-8").splitlines()
    assert [span for spans in find(lines) for span in spans if span.kind in OURS] == []
