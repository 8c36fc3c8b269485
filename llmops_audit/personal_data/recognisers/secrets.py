"""Secrets: values that open an account by themselves."""

from __future__ import annotations

import re

from llmops_audit.personal_data import secret_forms
from llmops_audit.personal_data.gates import DIGIT, SCHEME
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE", "PROVIDERS"]

PRECEDENCE = 10

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

PROVIDERS: dict[str, tuple[str, str]] = {
    "Amazon Web Services": ("A(?:KIA|SIA|BIA|CCA)", "[0-9A-Z]{16}"),
    "Google API": ("AIza", r"[0-9A-Za-z_\-]{35}"),
    "Google OAuth client": ("GOCSPX-", r"[0-9A-Za-z_\-]{28}"),
    "Google OAuth access": (r"ya29\.", r"[0-9A-Za-z_\-]{30,500}"),
    "GitHub": ("gh[pousr]_", "[0-9A-Za-z]{36,251}"),
    "GitHub, fine-grained": ("github_pat_", "[0-9A-Za-z_]{22,251}"),
    "GitLab": ("gl(?:pat|dt|rt|ptt|cbt|ft|imt|oas|soat|agent)-", r"[0-9A-Za-z_\-]{20,100}"),
    "Slack": ("xox[abeoprs]-", r"[0-9A-Za-z\-]{20,250}"),
    "Slack app": ("xapp-[0-9]-", r"[0-9A-Za-z\-]{20,250}"),
    "Slack webhook": (r"hooks\.slack\.com/services/", "T[0-9A-Z]{8,12}/B[0-9A-Z]{8,12}/[0-9A-Za-z]{20,30}"),
    "Stripe": ("[sr]k_(?:live|test)_", "[0-9A-Za-z]{16,250}"),
    "Stripe webhook": ("whsec_", r"[0-9A-Za-z+/=]{32,100}"),
    "OpenAI": ("sk-(?:proj|svcacct|admin|None)-", r"[0-9A-Za-z_\-]{20,250}"),
    "Anthropic": ("sk-ant-", r"[0-9A-Za-z]{1,10}-[0-9A-Za-z_\-]{20,250}"),
    "OpenRouter": ("sk-or-v1-", "[0-9a-f]{64}"),
    "Hugging Face": ("hf_", "[0-9A-Za-z]{30,40}"),
    "npm": ("npm_", "[0-9A-Za-z]{36}"),
    "PyPI": ("pypi-AgE", r"[0-9A-Za-z_\-]{50,500}"),
    "SendGrid": (r"SG\.", r"[0-9A-Za-z_\-]{16,32}\.[0-9A-Za-z_\-]{16,64}"),
    "Twilio": ("SK[0-9a-f]{8}", "[0-9a-f]{24}"),
    "Mailchimp": ("[0-9a-f]{32}-us", "[0-9]{1,2}"),
    "Alibaba Cloud": ("LTAI", "[0-9A-Za-z]{12,26}"),
    "Tencent Cloud": ("AKID", "[0-9A-Za-z]{28,36}"),
    "Volcengine": ("AKLT", r"[0-9A-Za-z_\-]{40,60}"),
    "DigitalOcean": ("do[opr]_v1_", "[0-9a-f]{64}"),
    "Shopify": ("shp(?:at|ca|pa|ss)_", "[0-9A-Fa-f]{32}"),
    "Databricks": ("dapi", "[0-9a-f]{32}(?:-[0-9])?"),
    "Telegram bot": ("[0-9]{8,10}:AA", r"[0-9A-Za-z_\-]{33}"),
    "New Relic": ("NRAK-", "[0-9A-Z]{27}"),
    "Grafana": ("gl(?:sa|c)_", "[0-9A-Za-z_+/=]{32,250}"),
    "Docker Hub": ("dckr_pat_", r"[0-9A-Za-z_\-]{27}"),
    "Groq": ("gsk_", "[0-9A-Za-z]{48,56}"),
    "xAI": ("xai-", "[0-9A-Za-z]{70,90}"),
    "Perplexity": ("pplx-", "[0-9A-Za-z]{40,60}"),
    "Replicate": ("r8_", "[0-9A-Za-z]{37}"),
    "Notion": ("ntn_", "[0-9A-Za-z]{40,60}"),
    "Linear": ("lin_(?:api|oauth)_", "[0-9A-Za-z]{32,64}"),
    "Postman": ("PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    "Atlassian": ("ATATT3x", r"[0-9A-Za-z_\-=]{100,250}"),
    "age": ("AGE-SECRET-KEY-1", "[0-9A-Z]{58}"),
    "Vault": (r"hv[sb]\.", r"[0-9A-Za-z_\-]{24,250}"),
}
"""Keys by provider: the prefix, and the rest."""

SHORT_MARK = r"(?<![0-9A-Za-z_\-])sk-[0-9A-Za-z]{32,64}(?![0-9A-Za-z_\-])"
"""Old keys of OpenAI and of compatible services. The prefix is so short that a key must have digits."""

KEYS = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(mark + rest for mark, rest in PROVIDERS.values())})(?![0-9A-Za-z_])")

_MARK = "|".join(mark for mark, _ in PROVIDERS.values())
_SK = "sk-[0-9A-Za-z]{32}"
_JWT = "eyJ[0-9A-Za-z]"
_PEM = "BEGIN [0-9A-Z ]*PRIVATE KEY"
_NAMED = (
    r"(?i:pass|pwd|psk|secret|token|credential|key|contrase|senha|wachtwoord)"
    r"[0-9A-Za-zñ_\-\"'`\]\\ ]*(?:[=:>]| is[ :]| was[ :])"
    "|(?i:--(?:password|passwd|secret|token|api-key) )|密码|口令|密钥|秘钥|令牌|パスワード|비밀번호"
)
_AUTHORIZATION = r"(?i:bearer|basic) +[0-9A-Za-z._~+/\-]{12}"
_ANY = "|".join((_MARK, "sk-", _JWT, _PEM, _NAMED, "(?i:bearer|basic) "))
"""One search leaves the few texts that may hold any of them."""

MARK = Gate(_MARK, within=_ANY)
SK = Gate(_SK, within=_ANY)
JWT = Gate(_JWT, within=_ANY)
PEM = Gate(_PEM, within=_ANY)
NAMED = Gate(_NAMED, within=_ANY)
SCHEME_OF_HTTP = Gate(_AUTHORIZATION, within=_ANY)
FIRST_WORD = Gate("^[!-~]*[0-9]", within=DIGIT)

NAMES = words(
    "password passwd passphrase passcode pwd passwort contraseña senha wachtwoord secret client_secret secret_key "
    "secret_access_key access_token refresh_token auth_token api_token session_token api_key access_key private_key "
    "credential",
    "密码 口令 密钥 秘钥 令牌 パスワード 비밀번호",
)
NO_SECRETS = words(
    "hash hashed digest checksum md5 sha sha1 sha256 sha512 commit etag fingerprint signature nonce salt id uuid guid "
    "public_key count length limit type name hint policy field tokenizer",
    "哈希 摘要 指纹 签名 公钥",
)

ADDRESS = re.compile(
    r"(?<![0-9A-Za-z+.\-])[A-Za-z][0-9A-Za-z+.\-]{1,19}://[!#-&(-.0-9;=?-~]{0,64}:[!#-&(-.0-;=?-~]{1,200}@"
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z_](?:[0-9A-Za-z_.\-]{0,200}[0-9A-Za-z])?)(?::[0-9]{1,5})?"
)

URL_CREDENTIALS = Kind(
    name="url_credentials",
    title=message("address with name and password"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    forms=(
        Form(SCHEME, ADDRESS, CONFIRMED, alone=CONFIRMED, validator=secret_forms.credentials),
        Form(SCHEME, ADDRESS, LIKELY, alone=LIKELY, validator=secret_forms.named_credentials),
    ),
    hits=(
        ("see https://bob:s3cr3t@intranet.example.com/x", "https://bob:s3cr3t@intranet.example.com"),
        ("DSN=postgresql+psycopg2://app:Pa55@10.0.0.7:5432/db", "postgresql+psycopg2://app:Pa55@10.0.0.7:5432"),
        ("连接redis://:hunter2@cache:6379即可", "redis://:hunter2@cache:6379"),
        ("mongodb+srv://root:p@ss@cluster0.example.net", "mongodb+srv://root:p@ss@cluster0.example.net"),
    ),
    misses=(
        "https://example.com:8080/a@b",
        "https://bob@example.com",
        "postgres://${USER}:${PASSWORD}@host/db",
        "https://user:****@example.com",
        "ftp://<user>:<password>@host",
        "mail: bob:hello@example.com",
        "https://example.com/p?x=a:b@c",
    ),
)

PRIVATE_KEY = Kind(
    name="private_key",
    title=message("private key"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    forms=tuple(
        Form(
            PEM,
            re.compile(
                r"-{4,5} ?BEGIN (?:[0-9A-Z]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
                + (r"(?:[0-9A-Za-z+/=:,. \t\r\n\\]{20,4000}(?:-{4,5} ?END [0-9A-Z ]{1,40}-{4,5})?)" if body else "")
            ),
            confidence,
            alone=confidence,
        )
        for body, confidence in ((True, CONFIRMED), (False, LIKELY))
    ),
    hits=(
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("密钥-----BEGIN OPENSSH " + "PRIVATE KEY-----如下", "-----BEGIN OPENSSH " + "PRIVATE KEY-----"),
        (
            "x -----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkq" * 4 + "\n-----END PRIVATE KEY----- y",
            "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkq" * 4 + "\n-----END PRIVATE KEY-----",
        ),
    ),
    misses=(
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "BEGIN PRIVATE KEY",
        "the private key begins here",
        "-----BEGIN PGP MESSAGE-----",
    ),
)

JSON_WEB_TOKEN = Kind(
    name="jwt",
    title=message("JSON web token"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    forms=(
        Form(
            JWT,
            re.compile(r"(?<![0-9A-Za-z_.\-])eyJ[0-9A-Za-z_\-]{8,700}\.[0-9A-Za-z_\-]{2,2600}\.[0-9A-Za-z_\-]{0,800}"),
            CONFIRMED,
            alone=CONFIRMED,
            validator=secret_forms.jwt,
            has_checksum=True,
        ),
    ),
    hits=tuple(
        (text.format(token), token)
        for text, token in (
            (
                "Authorization: Bearer {}",
                "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".c2lnbmF0dXJl",
            ),
            ("令牌{}已过期", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9" + ".eyJpc3MiOiJqb2UifQ" + ".QUJDREVGR0hJSktM"),
            ('"jwt": "{}"', "eyJhbGciOiJub25lIn0" + ".eyJzdWIiOiJqb2UifQ" + "."),
        )
    ),
    misses=(
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJmb28iOiJiYXIifQ.eyJzdWIiOiJqb2UifQ.c2ln",
        "eyJxxxxxxxxxxx.yyyyyyy.zzzzzzz",
        "eyJhbGciOiJIUzI1NiJ9 . eyJzdWIiOiJqb2UifQ",
        "data:application/json;base64,eyJhIjogMSwgImIiOiAyfQ==",
    ),
)

API_KEY = Kind(
    name="api_key",
    title=message("key of a provider of services"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    forms=(
        Form(MARK, KEYS, CONFIRMED, alone=CONFIRMED, validator=secret_forms.provider_key),
        Form(SK, re.compile(SHORT_MARK), CONFIRMED, alone=CONFIRMED, validator=secret_forms.mixed_key),
    ),
    # Written in parts: hosting sites would take whole keys for secrets and refuse the sources.
    hits=tuple(
        (text.format(key), key)
        for text, key in (
            ("aws_access_key_id={}", "AKIA" + "IOSFODNN7EXAMPLE"),
            ("密钥是{}，勿外传", "ghp_" + "a1B2" * 9),
            ("curl -u {}: https://api.example.com", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
            ("OPENAI_API_KEY={}", "sk-" + "T3Blbk" + "a1B2c3D4" * 5),
            ("AccessKey: {}.", "LTAI" + "5tFake8Key9For0Tests1x"),
            ("key={}&q=paris", "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
        )
    ),
    misses=(
        "AKIA" + "X" * 16,
        "ghp_short",
        "sk-loading-container-wrapper",
        "pk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "550e8400-e29b-41d4-a716-446655440000",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
    ),
)

SECRET = Kind(
    name="secret",
    title=message("password or key that is written down"),
    identifying=True,
    severity=Severity.CRITICAL,
    jurisdiction="",
    context=NAMES,
    against=NO_SECRETS,
    forms=(
        Form(NAMED, secret_forms.ASSIGNED, LIKELY, alone=LIKELY, validator=secret_forms.assigned),
        Form(
            SCHEME_OF_HTTP,
            re.compile(r"(?<![0-9A-Za-z])(?i:bearer|basic) {1,4}[0-9A-Za-z._~+/\-]{12,400}={0,2}(?![0-9A-Za-z])"),
            LIKELY,
            alone=LIKELY,
            validator=secret_forms.authorization,
        ),
        # A cell in a column of passwords, or "… is my password".
        Form(FIRST_WORD, re.compile(r"(?<![\s\S])[!-~]{8,200}(?![!-~])"), LIKELY, validator=secret_forms.cell),
    ),
    hits=tuple(
        (text.format(value), value)
        for text, value in (
            ("{}", 'password = "' + 'tR7#kq2!vX9z"'),
            ("export DB_{} && run", "PASSWORD=" + "hJ4k9wQz77Lm"),
            ("登录{}。", "密码：" + "zhang8823x"),
            ("my {}, keep it safe", "password is " + "Summer2023!"),
            ("aws_{}", "secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("x-{}", "api-key: " + "550e8400-e29b-41d4-a716-446655440000"),
            ("-H 'Authorization: {}'", "Bearer " + "3fQ9xZ1kLmN8pRt2"),
            ("mysqldump --{} shop", "password " + "Xk9mP2vL8q"),
            ("Zugang: {}", "Passwort: " + "Geheim2024!"),
        )
    ),
    misses=(
        "the password is incorrect",
        "token: string",
        "password: changeme123",
        "password = getpass.getpass('Password1: ')",
        "api_key = os.environ['API_KEY_2']",
        "secret: your-api-key-1234-here",
        "密码：12345678",
        "忘记密码请拨打95588",
        "password=${DB_PASSWORD_2}",
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "550e8400-e29b-41d4-a716-446655440000",
        "token_type: bearer2bearer2",
        "passwords must have 8-20 characters",
        "boarding pass: LH1234-22A",
        "token: 0x" + "5aAeb6053F" * 4,
    ),
)

KINDS: tuple[Kind, ...] = (URL_CREDENTIALS, PRIVATE_KEY, JSON_WEB_TOKEN, API_KEY, SECRET)
