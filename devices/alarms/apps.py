"""The app of alarms."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AlarmsConfig(AppConfig):
    """Rules, and the alarms they raise."""

    name = "devices.alarms"
    label = "alarms"
    verbose_name = _("Alarms")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have workers follow the change log for us, and keep it until we have."""
        from devices.alarms.evaluator import CONSUMER, Evaluator
        from devices.alarms.notifying.sending import Sending
        from devices.background import services
        from devices.changelog import consumer

        consumer.register(CONSUMER)
        services.register(Evaluator)
        services.register(Sending)
