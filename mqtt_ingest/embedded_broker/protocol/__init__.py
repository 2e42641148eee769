"""The MQTT protocol of a server: packets, sessions, limits; without I/O."""
