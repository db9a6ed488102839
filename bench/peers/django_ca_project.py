"""A django-ca installation as its manual describes it, with a P-256 authority; run by its own Python.

python django_ca_project.py issue         then, on standard input, how many certificates; each time the seconds
python django_ca_project.py responder     prints the path of its OCSP view, and requests
gunicorn django_ca_project:application    that view

DIRECTORY in the environment is where its files are; DATABASE_URL names its PostgreSQL, and without it it is on SQLite.
Connections are kept and commits wait for the disk as ours do.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

DIRECTORY = Path(os.environ["DIRECTORY"])


def database() -> dict[str, object]:
    """Django's settings for the database of this installation."""
    if url := os.environ.get("DATABASE_URL"):
        parts = urlsplit(url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.strip("/"),
            "USER": parts.username or "",
            "PASSWORD": parts.password or "",
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            "CONN_MAX_AGE": 60,
        }
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DIRECTORY / "ca.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": pragmas},
        "CONN_MAX_AGE": 60,
    }


import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(
    SECRET_KEY="for a measurement only",  # noqa: S106
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_ca"],
    DATABASES={"default": database()},
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "django-ca": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(DIRECTORY / "files")},
        },
    },
    USE_TZ=True,
    CA_DEFAULT_HOSTNAME="ca.example.com",
    CA_ENABLE_ACME=False,
    CA_USE_CELERY=False,
)
django.setup()

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from django_ca.key_backends import key_backends  # noqa: E402
from django_ca.key_backends.storages.models import StoragesCreatePrivateKeyOptions  # noqa: E402
from django_ca.models import Certificate, CertificateAuthority  # noqa: E402

urlpatterns = [path("django_ca/", include("django_ca.urls"))]
application = get_wsgi_application()
OTHER_NAMES = [f"1.2.392.200149.8.5.5.{number}" for number in (1, 4, 3, 5, 2, 6)]


def authority() -> tuple[CertificateAuthority, object]:
    """The one authority here, made at the first need, and what its key is opened with."""
    backend = key_backends["default"]
    call_command("migrate", verbosity=0)
    if not CertificateAuthority.objects.exists():
        options = StoragesCreatePrivateKeyOptions(
            key_type="EC", path=Path("ca"), elliptic_curve="secp256r1", password=None
        )
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a measurement")])
        until = datetime.now(UTC) + timedelta(days=3650)
        CertificateAuthority.objects.init("measured", backend, options, name, until, hashes.SHA256(), key_type="EC")
    found = CertificateAuthority.objects.get()
    return found, backend.get_use_private_key_options(found, {})


def request() -> x509.CertificateSigningRequest:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())


def issue(ca: CertificateAuthority, options: object, csr: x509.CertificateSigningRequest, number: int) -> Certificate:
    """The same profiles as ours, in turns: user authentication, and signature with six otherNames."""
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, os.urandom(11).hex())]
    )
    usage = x509.KeyUsage(True, bool(number % 2), False, False, False, False, False, False, False)
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.3.6.1.4.1.32473.3921.1.1"), None)
    extensions: list[x509.Extension[x509.ExtensionType]] = [
        x509.Extension(x509.KeyUsage.oid, True, usage),
        x509.Extension(x509.CertificatePolicies.oid, False, x509.CertificatePolicies([policy])),
    ]
    if number % 2:
        names = [x509.OtherName(x509.ObjectIdentifier(oid), b"\x0c\x0c" + "山田花子".encode()) for oid in OTHER_NAMES]
        names_extension = x509.SubjectAlternativeName(names)
        extensions.append(x509.Extension(x509.SubjectAlternativeName.oid, False, names_extension))
    else:
        extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        extensions.append(x509.Extension(x509.ExtendedKeyUsage.oid, False, extended))
    return Certificate.objects.create_cert(
        ca,
        options,
        csr,
        subject=name,
        extensions=extensions,
        not_after=datetime.now(UTC) + timedelta(days=1800),
        algorithm=hashes.SHA256(),
    )


def asked_for(certificate: Certificate, ca: CertificateAuthority) -> str:
    """The request about it, in hexadecimal."""
    builder = x509.ocsp.OCSPRequestBuilder().add_certificate(certificate.pub.loaded, ca.pub.loaded, hashes.SHA256())
    return builder.build().public_bytes(serialization.Encoding.DER).hex()


def main() -> None:
    ca, options = authority()
    csr, number = request(), 0
    if sys.argv[1] == "responder":
        ca.generate_ocsp_key(options)
        print(f"/django_ca/ocsp/{ca.serial}/cert/")
        for _ in range(100):
            print(asked_for(issue(ca, options, csr, 0), ca))
        return
    print("ready", flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        for _ in range(int(line)):
            issue(ca, options, csr, number)
            number += 1
        print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
