"""The broker side: MQTT sessions, subscriptions, canaries, and the embedded broker."""
