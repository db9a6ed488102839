"""Settings, all from the environment, with defaults that run on a laptop without any other server.

`manage.py check --deploy` refuses the development stand-ins that these defaults bring (see checks.py).
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

import databases
from mynaportal import doors

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    """The variable, or the content of the file that `<name>_FILE` names (for secrets mounted as files)."""
    file = os.environ.get(f"{name}_FILE")
    return Path(file).read_text().strip() if file else os.environ.get(name, default)


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


def env_bool(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


# --- where things lie ---------------------------------------------------------------------------------------------
VAR_DIR = Path(env("MYNA_VAR_DIR", str(BASE_DIR / "var")))
CARDS_DIR = VAR_DIR / "cards"
READER_SECRET = VAR_DIR / "reader" / "pairing.key"
AGENCIES_DIR = VAR_DIR / "agencies"
PKI_DIR = Path(env("MYNA_PKI_DIR", str(VAR_DIR / "pki")))
PKI_PUBLIC_DIR = Path(env("MYNA_PKI_PUBLIC_DIR", str(VAR_DIR / "pki-public")))
# The PKCS#11 module that holds the authorities' keys; without one they are files in PKI_DIR. Needs python-pkcs11.
PKI_TOKEN_MODULE = env("MYNA_PKI_TOKEN_MODULE")
PKI_TOKEN_LABEL = env("MYNA_PKI_TOKEN_LABEL", "mynaportal")
PKI_TOKEN_PIN_FILE = env("MYNA_PKI_TOKEN_PIN_FILE", "/run/secrets/pki_token_pin")
PKI_SUITE = env("MYNA_PKI_SUITE", "RSA-2048")  # of an authority's next generation; see cards/pki/profiles.py
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- which doors this process opens, and the keys behind them --------------------------------------------------------
MYNA_DOORS = env_list("MYNA_DOORS", ",".join(doors.DOORS))
KEYS_DIR = Path(env("MYNA_KEYS_DIR", str(VAR_DIR / "keys")))
KEY_PURPOSES = doors.purposes_of(MYNA_DOORS)
KEYS_CREATE_MISSING = env_bool("MYNA_KEYS_CREATE_MISSING", default=True)

# --- addresses ------------------------------------------------------------------------------------------------------
PORTAL_ORIGIN = env("MYNA_PORTAL_ORIGIN", "http://127.0.0.1:8000")
# Where verifiers find revocation lists and the status responder; it stands in every certificate that is issued.
PKI_ORIGIN = env("MYNA_PKI_ORIGIN", PORTAL_ORIGIN)
# Whether everyone may ask, as in the demo, or registered verifiers only, as the law has it.
PKI_STATUS_OPEN = env_bool("MYNA_PKI_STATUS_OPEN", default=not env_bool("MYNA_PRODUCTION"))
READER_ORIGIN = env("MYNA_READER_ORIGIN", "http://127.0.0.1:8002")
# The token of the one reader that the demo starts beside the portal; elsewhere each browser's reader gives its own.
READER_PAIRING = env("MYNA_READER_PAIRING", "")
ALLOWED_HOSTS = env_list("MYNA_ALLOWED_HOSTS", "127.0.0.1,localhost")
SANDBOX_BANK = env_bool("MYNA_SANDBOX_BANK", default=True)
# Where the sandbox bank tells the portal of a payment; another address than the browser's where both run in containers.
SANDBOX_BANK_NOTIFY_ORIGIN = env("MYNA_SANDBOX_BANK_NOTIFY_ORIGIN", PORTAL_ORIGIN)

# --- Django ---------------------------------------------------------------------------------------------------------
DEVELOPMENT_SECRET_KEY = "development-only-secret-key-never-used-in-production"
SECRET_KEY = env("MYNA_SECRET_KEY", DEVELOPMENT_SECRET_KEY)
DEBUG = env_bool("MYNA_DEBUG")
PRODUCTION = env_bool("MYNA_PRODUCTION")

INSTALLED_APPS = [
    "mynaportal",
    "residents",
    "numbering",
    "cards",
    "agencies",
    "exchange",
    "holdings",
    "accounts",
    "notifications",
    "payments",
    "crossings",
    "portal",
    "api",
    "desk",
    "status",
    "sandbox_bank",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "api.answers.SignedAnswers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.access.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.session_vault.VaultMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.session_limit.SessionLimitMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "mynaportal.urls"
if MYNA_DOORS == ["status"]:  # programs alone come here, and more than half of an answer's time went to people's needs
    ROOT_URLCONF = "mynaportal.programs"
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "mynaportal.programs.OpenViewsOnly",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    # The admin wants sessions, and forms a guard against forgery: here are neither cookies nor forms.
    SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410", "security.W003"]
WSGI_APPLICATION = "mynaportal.wsgi.application"
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
                "django.template.context_processors.i18n",
                "portal.context.service",
            ],
        },
    },
]

# --- databases ------------------------------------------------------------------------------------------------------
DATABASE_URL = env("DATABASE_URL")
DATABASES = databases.configure(
    url=DATABASE_URL,
    own_urls={alias: env(f"{alias.upper()}_DATABASE_URL") for alias in databases.ALIASES},
    directory=VAR_DIR,
)
DATABASE_ROUTERS = ["databases.Router"]

# --- accounts and sessions: an hour idle for citizens, a quarter for clerks, a minute on a shared terminal -----------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.CardBackend"]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
SECURE_COOKIES = PORTAL_ORIGIN.startswith("https://")
SESSION_COOKIE_AGE = 3600
CLERK_SESSION_AGE = 900
SHARED_TERMINAL_SESSION_AGE = 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-session" if SECURE_COOKIES else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_COOKIES else "csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"

# --- transport and headers ------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = SECURE_COOKIES and env_bool("MYNA_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("MYNA_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", READER_ORIGIN],
        "form-action": ["'self'", READER_ORIGIN],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
# A request larger than this is refused before it is read: a document of 4 MB in base64, and room around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

# --- language and time: law dates are days in Japan ------------------------------------------------------------------
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

# --- static files ---------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "static-collected"
WHITENOISE_USE_FINDERS = not PRODUCTION

# --- mail: hints only, never contents --------------------------------------------------------------------------------
EMAIL_BACKEND = env("MYNA_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = env("MYNA_EMAIL_HOST", "localhost")
DEFAULT_FROM_EMAIL = env("MYNA_FROM_EMAIL", "no-reply@portal.example")

# --- background work: inline where no broker is named ----------------------------------------------------------------
REDIS_URL = env("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
# Every task is safe to repeat, so what a process had in its hands when it was killed is done again. A worker that lost
# one of its processes gives it back at once; where the whole worker is gone, the broker gives it to another after an
# hour, which is longer than any task. What cannot wait so long is taken up by the beat.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # nobody takes more than is worked on: what lies in the queue is lost to no kill
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "max_retries": 1, "visibility_timeout": 3600}
CELERY_TASK_PUBLISH_RETRY = False

# --- what is counted across requests: shared by all processes where there is Redis -----------------------------------
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- the log of records: its name in every checkpoint, never changed once a witness knows it --------------------------
LOG_ORIGIN = env("MYNA_LOG_ORIGIN", "mynaportal.example/log")
WITNESSES = env_list("MYNA_WITNESSES")  # each "<address> <verifier key>"

# --- questions about a record: days for the answer, how many a person may ask in a day, days until the words go -------
QUESTION_ANSWER_DAYS = int(env("MYNA_QUESTION_ANSWER_DAYS", "14"))
QUESTIONS_PER_DAY = int(env("MYNA_QUESTIONS_PER_DAY", "10"))
LOOK_YEARS = int(env("MYNA_LOOK_YEARS", "0"))  # how long it is known which clerk looked; 0: while the register stands
QUESTION_TEXT_DAYS = int(env("MYNA_QUESTION_TEXT_DAYS", "365"))
# --- bulk inquiries: what one agency may have open and hand in on one day, and how long its answers wait for it -------
BULK_OPEN = int(env("MYNA_BULK_OPEN", "5"))
BULK_LINES_A_DAY = int(env("MYNA_BULK_LINES_A_DAY", "100000"))
BULK_KEEP_DAYS = int(env("MYNA_BULK_KEEP_DAYS", "7"))
BULK_WORKERS = int(env("MYNA_BULK_WORKERS", "2"))  # on one bulk at once
# How long a worker goes on before others have their turn. Without a broker the agency's own requests drive its bulk on.
BULK_SLICE_SECONDS = float(env("MYNA_BULK_SLICE_SECONDS", "20" if REDIS_URL else "2"))

# --- agencies' API --------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.SignedRequestAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mynaportal agencies' API",
    "DESCRIPTION": "Inquiries, deliveries and charges by an agency's own codes. Errors are RFC 9457 problem details.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    # Otherwise two fields called "outcome" with other values would get a name that changes with them.
    "ENUM_NAME_OVERRIDES": {"BulkOutcome": "api.serializers.bulk.OUTCOMES"},
}
ACCESS_TOKEN_SECONDS = 300
# An inquiry that nobody answers ends by itself: automatic ones, and those that a clerk of the provider decides.
INQUIRY_DEADLINE = timedelta(minutes=int(env("MYNA_INQUIRY_MINUTES", "15")))
INQUIRY_DEADLINE_BY_HAND = timedelta(days=int(env("MYNA_INQUIRY_DAYS_BY_HAND", "10")))
# How long an answer is kept sealed for its inquirer, before and after it was first fetched.
ANSWER_KEPT = timedelta(days=30)
ANSWER_KEPT_ONCE_FETCHED = timedelta(days=1)
API_REQUESTS_PER_MINUTE = int(env("MYNA_API_REQUESTS_PER_MINUTE", "6000"))  # of one agency

# --- systems that we call: providers that answer themselves, callbacks, witnesses: exchange/providers/addresses.py ----
OUTBOUND_PORTS = {int(port) for port in env_list("MYNA_OUTBOUND_PORTS", "443,8443")}
OUTBOUND_NETWORKS = env_list("MYNA_OUTBOUND_NETWORKS")  # closed networks besides the public one, such as 10.20.0.0/16
OUTBOUND_CA_FILE = env("MYNA_OUTBOUND_CA_FILE")  # the only authorities whose certificates are believed
PROVIDER_SECONDS = float(env("MYNA_PROVIDER_SECONDS", "10"))  # that an inquirer waits for a provider, at most
PROVIDER_BREAKER_FAILURES = 5  # in a row, after which a provider is left alone
PROVIDER_BREAKER_SECONDS = 30

# --- logs: what happened, never about whom ---------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "mynaportal.logs.Formatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("MYNA_LOG_LEVEL", "INFO")},
}
