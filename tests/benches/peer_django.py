"""A password reset in Django: ask, open the mailed link, set the password, sign in refused or not is not part of it.

Prints the median CPU time of one reset in milliseconds. The hash is MD5, which costs nothing beside the rest."""

import re
import statistics
import time

import django
from django.conf import settings

ROUNDS, RESETS = 40, 5

settings.configure(
    SECRET_KEY="x" * 50,
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.admin",
        "django.contrib.messages",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
)
django.setup()

from django.contrib.auth import urls as auth_urls  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core import mail  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("", include(auth_urls))]


def reset(address, password):
    client = Client()
    mail.outbox = []
    assert client.post("/password_reset/", {"email": address}).status_code == 302
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body).group(1)
    form = client.get(link)
    assert form.status_code == 302, form.status_code
    done = client.post(form.url, {"new_password1": password, "new_password2": password})
    assert done.status_code == 302, done.content


def main():
    call_command("migrate", verbosity=0)
    people = [f"person{n}@home.example" for n in range(RESETS)]
    for address in people:
        User.objects.create_user(address, address, "The password that everybody has 1")
    times = []
    for n in range(ROUNDS + 1):
        begun = time.process_time()
        for address in people:
            reset(address, f"Another password of round {n} it is")
        times.append((time.process_time() - begun) * 1000 / RESETS)
    print(f"Django {django.get_version()}: {statistics.median(times[1:]):.2f} ms CPU a reset")


main()
