"""Every setting, grouped; docs/reference/settings.md explains each one.

What only some processes need (REDIS_URL, for example) is checked where that
process starts: see `iotbridge.checks` and `iotbridge.asgi`.
"""

from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from iotbridge import __version__, env, static_version
from iotbridge.places import HOME, PACKAGE

# Lets `ModelAdmin[Device]` be written at run time too.
django_stubs_ext.monkeypatch()

if (HOME / ".env").is_file():
    environ.Env.read_env(HOME / ".env")

# --- where things are -------------------------------------------------------
DATA_DIR = Path(env.text("DATA_DIR", str(HOME / "var"))).resolve()
HTTP_BIND = env.address("HTTP_BIND", "127.0.0.1")
HTTP_PORT = env.integer("HTTP_PORT", 8000, 1, 65535)
MQTT_BIND = env.address("MQTT_BIND", "127.0.0.1")
MQTT_PORT = env.integer("MQTT_PORT", 1883, 1, 65535)
MQTT_TLS_PORT = env.integer("MQTT_TLS_PORT", 8883, 1, 65535)
MQTT_TLS_CERT_FILE = env.text("MQTT_TLS_CERT_FILE")
MQTT_TLS_KEY_FILE = env.text("MQTT_TLS_KEY_FILE")
MQTT_MAX_CONNECTIONS = env.integer("MQTT_MAX_CONNECTIONS", 4_000, 1, 60_000)
# Set by `manage.py standalone` alone: the in-memory layer is allowed there.
STANDALONE = env.boolean("IOTBRIDGE_STANDALONE")


# Characters of SECRET_KEY: whoever guesses it makes sessions of anybody.
LEAST_SECRET = 32


def _secret_key() -> str:
    """Return SECRET_KEY, or the one that `standalone` made in DATA_DIR."""
    made = DATA_DIR / "secret_key"
    key = env.text("SECRET_KEY") or (made.read_text().strip() if made.is_file() else "")
    if len(key) >= LEAST_SECRET:
        return key
    problem = f"has {len(key)} characters, which can be guessed" if key else "is not set"
    raise ImproperlyConfigured(
        f"SECRET_KEY {problem}. Set it to 50 random characters that stay the same, "
        "for example SECRET_KEY=$(python3 -c 'import secrets; print(secrets.token_urlsafe(50))')"
    )


VERSION = __version__

# --- Django -----------------------------------------------------------------
SECRET_KEY = _secret_key()
DEBUG = env.boolean("DEBUG")
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXY = env.boolean("TRUSTED_PROXY")
if TRUSTED_PROXY:
    # Only behind a proxy that always sets the header: else clients could forge it.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # The proxy says that a browser came by plain HTTP; supervisors come without it.
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SECURE_HSTS_SECONDS = 31_536_000
# Other hosts of the domain, and browsers' lists of hosts, are not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# Each has a database connection of its own.
REQUESTS_AT_ONCE = env.integer("REQUESTS_AT_ONCE", 40, 1, 10_000)

EXTRA_APPS = env.apps("EXTRA_APPS")
INSTALLED_APPS = [
    # Before `channels`: our `runworker` builds the consumer at boot (mqtt_ingest.E001).
    "mqtt_ingest",
    "dashboards",
    "devices",
    "devices.alarms",
    "iotbridge.apps.IotbridgeConfig",
    *EXTRA_APPS,
    "channels",
    "csp",
    "ninja",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "dashboards.middleware.compression.Compressed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "dashboards.middleware.reject_nul.NoNul",
    "dashboards.middleware.no_store.NoStore",
    "dashboards.middleware.database_outage.DatabaseOutage",
    "dashboards.middleware.request_budget.RequestBudget",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "dashboards.middleware.time_zone.person_zone",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "iotbridge.known_account.known_account",
    "dashboards.middleware.person_units.person_units",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "iotbridge.urls"
ASGI_APPLICATION = "iotbridge.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.context_processors.page",
            ]
        },
    }
]
# A device in admin has three fields for each of its series, up to a thousand of them.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
# Those with a catalogue in iotbridge/locale: docs/howto/translate.md.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [PACKAGE / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL = "login"
CSRF_FAILURE_VIEW = "dashboards.views.csrf.csrf_failure"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]

# --- browser side -----------------------------------------------------------
# Served from the apps themselves, at an address that changes with them: no collectstatic
# step, ES modules never mix two versions, and browsers need not ask again.
STATIC_URL = f"static/{static_version.digest(INSTALLED_APPS)}/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = "."
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # A board says in its page where its widgets are.
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- database ---------------------------------------------------------------
_SQLITE_PRAGMAS = (
    # Small pages (of a new file): a commit of few rows writes few bytes, which spares SD cards.
    # FULL: a batch is acknowledged to the broker after COMMIT, so COMMIT must be durable.
    "PRAGMA page_size=1024; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
    "PRAGMA busy_timeout=10000; "
    # The log of one large transaction does not stay as large as that.
    "PRAGMA journal_size_limit=67108864; "
    # Each series grows at its own place: the pages of some thousand must fit in (kB), and
    # the log (in pages) must be longer than a few batches.
    "PRAGMA cache_size=-32000; PRAGMA wal_autocheckpoint=16000;"
)


def _database() -> dict[str, Any]:
    """Return the default database: DATABASE_URL, else SQLite in DATA_DIR."""
    raw = env.text("DATABASE_URL")
    if not raw:
        try:
            DATA_DIR.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(
                f"DATA_DIR is {str(DATA_DIR)!r}, where no folder can be made: {error.strerror}. "
                "Choose one that can be written to, for example DATA_DIR=/var/lib/iotbridge"
            ) from error
        # Not as a URL: a folder may be called anything.
        return _sqlite({"NAME": str(DATA_DIR / "db.sqlite3")})
    if not raw.startswith(("postgres://", "postgresql://", "sqlite:///")):
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgres:// or sqlite:///, "
            "for example DATABASE_URL=postgres://user:password@127.0.0.1:5432/iotbridge"
        )
    config = env.database("DATABASE_URL", raw)
    if "sqlite" in config["ENGINE"]:
        return _sqlite(config)
    # A standby that is not promoted yet is no database for us: wait, as for any that is away.
    ours = {"connect_timeout": 5, "target_session_attrs": "read-write"}
    return {**config, "OPTIONS": {**ours, **config.get("OPTIONS", {})}}


def _sqlite(config: dict[str, Any]) -> dict[str, Any]:
    options = {"transaction_mode": "IMMEDIATE", "init_command": _SQLITE_PRAGMAS}
    return {**config, "ENGINE": "django.db.backends.sqlite3", "OPTIONS": options}


DATABASES = {"default": _database()}

# --- channel layer ----------------------------------------------------------
REDIS_URL = env.url("REDIS_URL", "", ("redis", "rediss"), "redis://127.0.0.1:6379/0")
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "iotbridge"},
    }
    if REDIS_URL
    else {
        "BACKEND": "channels.layers.InMemoryChannelLayer",
        "CONFIG": {"capacity": 10_000},
    }
}

# --- MQTT -------------------------------------------------------------------
MQTT_URL = env.broker("MQTT_URL", "mqtt://127.0.0.1:1883")
MQTT_URL_GIVEN = bool(env.text("MQTT_URL"))
MQTT_CA_FILE = env.text("MQTT_CA_FILE")
MQTT_CERT_FILE = env.text("MQTT_CERT_FILE")
MQTT_KEY_FILE = env.text("MQTT_KEY_FILE")
# Empty: those that the database keeps (`mqtt_ingest.broker.installation`).
MQTT_CLIENT_ID = env.text("MQTT_CLIENT_ID")
MQTT_SLOTS = env.integer("MQTT_SLOTS", 1, 1, 256)
MQTT_SHARED_GROUP = env.text("MQTT_SHARED_GROUP")
MQTT_SHARING = env.choice("MQTT_SHARING", "auto", ("auto", "always", "never"))
MQTT_VERSION = env.choice("MQTT_VERSION", "3.1.1", ("3.1.1", "5"))
MQTT_CANARY = env.boolean("MQTT_CANARY", default=True)
MQTT_REGISTRATION = env.choice("MQTT_REGISTRATION", "pending", ("accept", "pending", "reject"))
# The embedded broker asks for these on every address but loopback.
MQTT_PASSWORD = env.text("MQTT_PASSWORD")

# --- ingest -----------------------------------------------------------------
WORKER_HTTP_PORT = env.integer("WORKER_HTTP_PORT", 9101, 1, 65535)
WORKER_HTTP_BIND = env.address("WORKER_HTTP_BIND", "127.0.0.1")
COMMIT_INTERVAL_MS = env.integer("COMMIT_INTERVAL_MS", 0, 0, 60_000)
# How large the database may become; 0: as large as the disk that SQLite's file lies on.
DISK_BUDGET_MB = env.integer("DISK_BUDGET_MB", 0, 0, 1_000_000_000)
RETENTION_DAYS = env.integer("RETENTION_DAYS", 0, 0, 36_500)
MAX_PAYLOAD_BYTES = env.integer("MAX_PAYLOAD_BYTES", 262_144, 1, 268_435_455)
MAX_NESTING = env.integer("MAX_NESTING", 32, 1, 512)
MAX_SAMPLES_PER_PACKET = env.integer("MAX_SAMPLES_PER_PACKET", 1_000, 1, 100_000)
MAX_ARRAY_ELEMENTS = env.integer("MAX_ARRAY_ELEMENTS", 64, 1, 100_000)
MAX_TEXT_LENGTH = env.integer("MAX_TEXT_LENGTH", 4_096, 1, 1_000_000)
NUMBERS_IN_TEXT = env.boolean("NUMBERS_IN_TEXT", default=True)
NO_READING_WORDS = frozenset(
    word.lower()
    for word in env.names("NO_READING_WORDS", "unavailable,unknown,none,null,n/a,nan,undef,-")
)
MAX_SERIES_PER_DEVICE = env.integer("MAX_SERIES_PER_DEVICE", 1_000, 1, 1_000_000)
MAX_PENDING_DEVICES = env.integer("MAX_PENDING_DEVICES", 10_000, 1, 10_000_000)
# Packets a second and device; 0: no limit.
DEVICE_RATE_LIMIT = env.integer("DEVICE_RATE_LIMIT", 0, 0, 100_000)
DEAD_LETTER_MB = env.integer("DEAD_LETTER_MB", 200, 1, 1_000_000)
STALE_AFTER_S = env.integer("STALE_AFTER_S", 300, 1, 31_536_000)

# --- jobs -------------------------------------------------------------------
# For so many days the files of jobs stay.
JOB_DAYS = env.integer("JOB_DAYS", 7, 1, 3_650)
IMPORT_MB = env.integer("IMPORT_MB", 2_000, 1, 1_000_000)

# --- live protocol ----------------------------------------------------------
LIVE_MAX_SERIES = env.integer("LIVE_MAX_SERIES", 500, 1, 100_000)
LIVE_MAX_SOCKETS = env.integer("LIVE_MAX_SOCKETS", 5_000, 1, 1_000_000)
LIVE_MAX_SOCKETS_PER_USER = env.integer("LIVE_MAX_SOCKETS_PER_USER", 500, 1, 1_000_000)
LIVE_MAX_RATE_HZ = env.integer("LIVE_MAX_RATE_HZ", 10, 1, 60)
LIVE_WINDOW = env.integer("LIVE_WINDOW", 8, 1, 1_000)
LIVE_HEARTBEAT_MS = env.integer("LIVE_HEARTBEAT_MS", 5_000, 100, 60_000)

# --- boards -----------------------------------------------------------------
# Whether operators may make links that show a board without a login.
SHARE_LINKS = env.boolean("SHARE_LINKS", default=True)
# Whose pages a board may have in a frame: origins.
EMBED_ORIGINS = env.origins("EMBED_ORIGINS")
# Where maps have their tiles from, and who is to be named for that; empty: a plain background.
MAP_TILES = env.tiles("MAP_TILES")
MAP_ATTRIBUTION = env.text("MAP_ATTRIBUTION")

# --- notifications -----------------------------------------------------------
# Where people reach these pages: links in messages begin with it.
PUBLIC_URL = env.origin("PUBLIC_URL")
EMAIL_URL_GIVEN = bool(env.text("EMAIL_URL"))
vars().update(env.mail("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "iotbridge@localhost")
# Networks of ours that webhooks may lead into.
NOTIFY_NETWORKS = env.networks("NOTIFY_NETWORKS")

# --- logs -------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.choice("LOG_FORMAT", "line", ("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "iotbridge.json_logs.JsonFormatter"},
    },
    "filters": {"refusals": {"()": "iotbridge.short_refusals.ShortRefusals"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        name: {"level": level}
        for name, level in {
            "transitions": "ERROR",
            "websockets": "ERROR",
            "daphne": "WARNING",
            "httpx": "WARNING",
            "django.channels.server": "WARNING",
        }.items()
    },
}
