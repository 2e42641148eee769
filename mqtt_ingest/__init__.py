"""From MQTT packets to stored readings: the ingest worker."""
