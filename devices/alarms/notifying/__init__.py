"""Telling people and programs of alarms: an outbox, written with what is told."""

# Of the service that sends, in the heartbeat.
SERVICE = "notifications"
