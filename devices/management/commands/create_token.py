"""`create_token USERNAME`: prints an API token, once."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from devices.access import token_digest
from devices.models import ApiToken


class Command(BaseCommand):
    """Make an API token for a person; only its hash is stored."""

    help = "Print a new API token of a user. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")
        parser.add_argument("--note", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print it."""
        model = get_user_model()
        name = model.USERNAME_FIELD
        user = model._default_manager.filter(**{name: options["username"]}).first()  # noqa: SLF001
        if user is None:
            raise CommandError(
                f"There is no user {options['username']!r}. "
                "Make one with: python manage.py createsuperuser"
            )
        token = f"iot_{secrets.token_urlsafe(32)}"
        ApiToken.objects.create(user=user, digest=token_digest(token), note=options["note"])
        self.stdout.write(token)
