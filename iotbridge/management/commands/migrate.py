"""`migrate`: Django's own, whose migrations can be broken off anywhere."""

from typing import Any

from django.core.management.commands import migrate

from iotbridge.one_transaction import OneTransaction

# What Django's command applies migrations with.
_command: Any = migrate
_command.MigrationExecutor = OneTransaction


class Command(migrate.Command):
    """Django's."""
