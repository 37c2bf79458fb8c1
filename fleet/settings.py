"""Django settings. Every value that differs between installations comes from the environment (`fleet.env`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from fleet.env import BASE_DIR, DATA_DIR, read

VERSION = "0.1.0"

# --- Who may talk to us ---------------------------------------------------------------------------------------
DEBUG = read.flag("FLEET_DEBUG", False)
SECRET_KEY = read.text("FLEET_SECRET_KEY")
if not SECRET_KEY:
    if not read.flag("FLEET_ALLOW_TEMPORARY_SECRET", False):
        raise ImproperlyConfigured(
            "FLEET_SECRET_KEY is empty. `make run` makes one and keeps it in the data directory; "
            "elsewhere set it to a long random text, the same for every process."
        )
    SECRET_KEY = get_random_secret_key()
WEB_HOST = read.text("FLEET_WEB_HOST", "127.0.0.1")
WEB_PORT = read.port("FLEET_WEB_PORT", 8000)
#: The address under which browsers and remotes reach us; remotes are handed it, so it must be routable for them.
PUBLIC_URL = read.url("FLEET_PUBLIC_URL", f"http://{WEB_HOST}:{WEB_PORT}", ("http", "https")).rstrip("/")
ALLOWED_HOSTS = read.words("FLEET_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = read.words("FLEET_TRUSTED_ORIGINS", [PUBLIC_URL] if PUBLIC_URL.startswith("https") else [])
_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "SAMEORIGIN"

# --- Apps -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",  # without "Basic" it puts its own site in the place of ours
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "fleet.apps.FleetConfig",
    "devices.apps.DevicesConfig",
    "waylines.apps.WaylinesConfig",
    "media.apps.MediaConfig",
    "livestream.apps.LivestreamConfig",
    "fleet.apps.FleetAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "channels",
    "drf_spectacular",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "fleet.middleware.CurrentWorkspaceMiddleware",
]
ROOT_URLCONF = "fleet.urls"
ASGI_APPLICATION = "fleet.asgi.application"
AUTH_USER_MODEL = "fleet.User"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")  # the theme's login form carries no `next` of its own
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Data -----------------------------------------------------------------------------------------------------
_database_url = read.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'fleet.sqlite3'}")
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(_database_url, conn_max_age=60, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # One writer at a time: WAL lets readers go on, IMMEDIATE makes a writer wait its turn instead of failing late.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = False
    # Tests run threads, which an in-memory database cannot serve.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
elif not DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL (postgres://…) or SQLite (sqlite:///path).")

REDIS_URL = read.url("REDIS_URL", "redis://127.0.0.1:6379/0", ("redis", "rediss", "unix"))
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {
        # The list-based layer drops messages in groups of some hundred sockets; pub/sub does not.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "fleet"},
    }
}

# --- Celery ---------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Whoever asks for a task while Redis is away must not be kept waiting: a command that cannot be handed over is refused.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
    "socket_connect_timeout": 2,
}
# Celery closes the database after every task unless told otherwise, and a command would wait for a new connection.
# Dead connections are found by `CONN_HEALTH_CHECKS` before each task (`fleet.celery`).
CELERY_DB_REUSE_MAX = 1_000_000
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "devices.tasks.publish_command": {"queue": "mqtt"},
    "devices.tasks.broker_*": {"queue": "mqtt"},
    # Reading a large video must not keep a mission waiting for its start.
    "media.tasks.*": {"queue": "media"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "devices-presence": {"task": "devices.tasks.sweep_presence", "schedule": 5.0, "options": {"expires": 5}},
    "devices-commands": {"task": "devices.tasks.sweep_commands", "schedule": 1.0, "options": {"expires": 1}},
    "devices-retention": {"task": "devices.tasks.prune", "schedule": 300.0, "options": {"expires": 300}},
    "missions-tick": {"task": "waylines.tasks.tick_missions", "schedule": 1.0, "options": {"expires": 1}},
    "missions-sweep": {"task": "waylines.tasks.sweep_missions", "schedule": 10.0, "options": {"expires": 10}},
    "missions-schedules": {"task": "waylines.tasks.plan_schedules", "schedule": 60.0, "options": {"expires": 60}},
    "flights-sweep": {"task": "waylines.tasks.sweep_flights", "schedule": 10.0, "options": {"expires": 10}},
    "flights-retention": {"task": "waylines.tasks.prune_flights", "schedule": 3600.0, "options": {"expires": 3600}},
    "media-sweep": {"task": "media.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "media-retention": {"task": "media.tasks.prune", "schedule": 3600.0, "options": {"expires": 3600}},
    "devices-broker": {"task": "devices.tasks.broker_reconcile", "schedule": 60.0, "options": {"expires": 60}},
}

# --- The MQTT broker ------------------------------------------------------------------------------------------
MQTT_PORT = read.port("FLEET_MQTT_PORT", 1883)
#: The bridge's own account: mqtt[s]://user:password@host:port
MQTT_URL = read.url("MQTT_URL", f"mqtt://127.0.0.1:{MQTT_PORT}", ("mqtt", "mqtts"))
#: What docks and remotes are told to connect to: tcp://, ssl://, ws:// or wss://
MQTT_PUBLIC_URL = read.url("FLEET_MQTT_PUBLIC_URL", f"tcp://127.0.0.1:{MQTT_PORT}", ("tcp", "ssl", "ws", "wss"))
#: Which broker keeps the gateways' accounts: mosquitto (dynamic security), emqx (asks us over HTTP),
#: embedded (amqtt with our plug-in) or none (accounts are kept by hand).
BROKER = read.choice("FLEET_BROKER", "none", ("mosquitto", "emqx", "embedded", "none"))
#: The dynamic security administrator's account (mosquitto only).
MQTT_CONTROL_URL = read.text("FLEET_MQTT_CONTROL_URL")
#: The word EMQX must send in `Authorization: Bearer …` when it asks us (emqx only).
BROKER_HOOK_SECRET = read.text("FLEET_BROKER_HOOK_SECRET")
#: Several bridges side by side share the work by MQTT shared subscriptions.
BRIDGE_SHARED = read.flag("FLEET_BRIDGE_SHARED", False)
BRIDGE_SHARDS = read.number("FLEET_BRIDGE_SHARDS", 4, minimum=1, maximum=64)
BRIDGE_QUEUE_LIMIT = read.number("FLEET_BRIDGE_QUEUE_LIMIT", 10_000, minimum=100)
MQTT_MAX_PAYLOAD = read.number("FLEET_MQTT_MAX_PAYLOAD", 1_000_000, minimum=10_000)

# --- Object storage -------------------------------------------------------------------------------------------
S3_PORT = read.port("FLEET_S3_PORT", 9000)


def _address(name: str, default: str = "") -> str:
    return read.url(name, default, ("http", "https")).rstrip("/") if read.text(name, default) else ""


#: Where this server reaches the bucket; empty: nothing is stored, and routes and media are refused.
S3_ENDPOINT = _address("FLEET_S3_ENDPOINT")
#: Where browsers, docks and remotes reach it.
S3_PUBLIC_ENDPOINT = _address("FLEET_S3_PUBLIC_ENDPOINT", S3_ENDPOINT)
S3_BUCKET = read.text("FLEET_S3_BUCKET", "fleet")
S3_REGION = read.text("FLEET_S3_REGION", "us-east-1")
S3_ACCESS_KEY = read.text("FLEET_S3_ACCESS_KEY")
S3_SECRET_KEY = read.text("FLEET_S3_SECRET_KEY")
#: What docks and remotes are told the storage is; it decides how they sign.
S3_PROVIDER = read.choice("FLEET_S3_PROVIDER", "minio", ("aws", "minio", "ali"))
#: Who hands out temporary credentials: a security token service, or the embedded server's own keys.
STS = read.choice("FLEET_STS", "none", ("aws", "ceph", "minio", "ali", "embedded", "none"))
#: Ceph and MinIO hand them out where they serve the bucket; AWS knows its own address when this is empty.
STS_ENDPOINT = _address("FLEET_STS_ENDPOINT", "" if STS in ("aws", "ali") else S3_ENDPOINT)
STS_ROLE_ARN = read.text("FLEET_STS_ROLE_ARN")
STS_SECONDS = read.number("FLEET_STS_SECONDS", 3600, minimum=900, maximum=43_200)
#: Devices are told that their credentials end so many seconds earlier than they do.
STS_MARGIN = read.number("FLEET_STS_MARGIN", 120, minimum=0, maximum=600)
#: Temporary credentials that one remote or dock may ask for in a minute: a wrong setting makes Pilot ask for ever.
STS_PER_MINUTE = read.number("FLEET_STS_PER_MINUTE", 20, minimum=1)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "objects": {"BACKEND": "media.services.storage.objects.ObjectStorage"},
}

# --- How long things live -------------------------------------------------------------------------------------
#: Silence after which a device counts as offline, in seconds.
OFFLINE_AFTER = read.number("FLEET_OFFLINE_AFTER", 60, minimum=5)
MESSAGE_LOG_DAYS = read.number("FLEET_MESSAGE_LOG_DAYS", 7, minimum=1)
MESSAGE_LOG_PER_DEVICE = read.number("FLEET_MESSAGE_LOG_PER_DEVICE", 5_000, minimum=10)
REJECT_LOG_LIMIT = read.number("FLEET_REJECT_LOG_LIMIT", 10_000, minimum=100)
#: Milliseconds between two pushes of positions to a remote; of each device the newest goes out.
POSITION_PUSH_MS = read.number("FLEET_POSITION_PUSH_MS", 500, minimum=200, maximum=10_000)
TRACK_MINUTES = read.number("FLEET_TRACK_MINUTES", 24 * 60, minimum=10)
TOKEN_LIFETIME = timedelta(hours=read.number("FLEET_TOKEN_HOURS", 24, minimum=1))

# --- What docks and remotes are told unless their workspace says otherwise ------------------------------------
DJI_APP_ID = read.text("FLEET_DJI_APP_ID")
DJI_APP_KEY = read.text("FLEET_DJI_APP_KEY")
DJI_APP_LICENSE = read.text("FLEET_DJI_APP_LICENSE")
NTP_HOST = read.text("FLEET_NTP_HOST", "pool.ntp.org")
NTP_PORT = read.port("FLEET_NTP_PORT", 123)

# --- REST -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["fleet.api.authentication.PilotTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["fleet.api.permissions.WorkspaceMember"],
    "DEFAULT_RENDERER_CLASSES": ["fleet.api.envelope.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "fleet.api.envelope.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {"TITLE": "Fleet", "VERSION": VERSION, "SERVE_INCLUDE_SCHEMA": False}

# --- Passwords, language, time --------------------------------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = read.text("FLEET_TIME_ZONE", "UTC")

# --- Files ----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
#: Third-party JavaScript is named in package.json and installed here, never copied into the project.
NODE_MODULES = DATA_DIR / "node_modules"
for _package, _folder in (
    ("leaflet", "dist"), ("@geoman-io/leaflet-geoman-free", "dist"), ("topojson-client", "dist"), ("uplot", "dist"),
    ("world-atlas", ""),
):  # fmt: skip
    if (NODE_MODULES / _package).is_dir():
        STATICFILES_DIRS.append((f"vendor/{_package}", NODE_MODULES / _package / _folder))  # type: ignore[arg-type]
# The finders serve straight from the source folders, so neither a test nor `make run` needs a collect step first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = DATA_DIR / "uploads"

# --- The map --------------------------------------------------------------------------------------------------
#: Tiles of the base map, e.g. https://tiles.example.org/{z}/{x}/{y}.png; empty shows the built-in offline map only.
MAP_TILES_URL = read.text("FLEET_MAP_TILES_URL")
MAP_TILES_ATTRIBUTION = read.text("FLEET_MAP_TILES_ATTRIBUTION")

# --- Logs -----------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": read.text("FLEET_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}

from fleet.console_navigation import UNFOLD  # noqa: E402, F401 - a room of its own; needs nothing from here
