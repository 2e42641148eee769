"""The demo fleet: simulated devices, named as such, publishing over real MQTT."""
