"""A small Django project in one file, for Django 3.2 and later: logins of its admin,
what it was told, uploads, answers that are large, slow or faulty."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings

FOLDER = Path(os.environ.get("PORTAL_FOLDER", "/nowhere"))
WAIT_S = 60.0
USER, PASSWORD = "ada", "love lace"

settings.configure(
    SECRET_KEY="only for tests",
    DEBUG=True,  # files of the admin are served by the application itself
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="portal",
    STATIC_URL="/app/static/",  # it stands below /app, wherever it looks at its path
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(FOLDER / "portal.sqlite"),
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        },
    ],
)
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.staticfiles.views import serve  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import (  # noqa: E402
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


def told(request: HttpRequest, more: str = "") -> HttpResponse:
    """What the server said of the request."""
    known = {n: v for n, v in request.META.items() if isinstance(v, str)}
    return JsonResponse(known)


def name(request: HttpRequest) -> HttpResponse:
    return HttpResponse(os.environ.get("PORTAL_NAME", ""))


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    """A form's file, in the pieces in which Django reads it."""
    digest = hashlib.sha256()
    for piece in request.FILES["file"].chunks():
        digest.update(piece)
    return HttpResponse(f"{request.POST['title']} {digest.hexdigest()}")


@csrf_exempt
def body(request: HttpRequest) -> HttpResponse:
    """Size and digest of a body of any method."""
    digest, size = hashlib.sha256(), 0
    while piece := request.read(65536):
        digest.update(piece)
        size += len(piece)
    return HttpResponse(f"{request.method} {size} {digest.hexdigest()}")


def large(request: HttpRequest) -> HttpResponse:
    size = int(request.GET["size"])
    return HttpResponse(bytes(n & 255 for n in range(256)) * (size // 256))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """A piece, and another when the file of that name is there."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        deadline = time.monotonic() + WAIT_S
        while not (FOLDER / request.GET["until"]).exists():
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        yield b"two"

    return StreamingHttpResponse(pieces(), content_type="text/plain")


def status(request: HttpRequest) -> HttpResponse:
    made = HttpResponse("theirs", status=int(request.GET["is"]))
    made["X-Made-By"] = "portal"
    made.set_cookie("one", "1")
    made.set_cookie("two", "2")
    return made


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it fails")


urlpatterns = [
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve),
    path("told/<path:more>", told),
    path("told", told),
    path("name", name),
    path("upload", upload),
    path("body", body),
    path("large", large),
    path("stream", stream),
    path("status", status),
    path("fails", fails),
]
application = get_wsgi_application()


def prepare() -> None:
    """Make the database, with one user."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_superuser(USER, password=PASSWORD)
