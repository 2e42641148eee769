"""Sparkplug B 3.0: `spBv1.0/{group}/{type}/{node}[/{device}]`.

`payload` reads the bytes, `convention` keeps births and sequences.
https://sparkplug.eclipse.org/specification/
"""

from mqtt_ingest.core.conventions.sparkplug.convention import Sparkplug

__all__ = ["Sparkplug"]
