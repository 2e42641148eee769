"""Home Assistant discovery: what devices announce of themselves and of their topics.

`abbreviations` and `announcements` read what is announced, `value_templates` evaluates the
templates in it, `convention` puts both to use.
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from mqtt_ingest.core.conventions.homeassistant.convention import HomeAssistant

__all__ = ["HomeAssistant"]
