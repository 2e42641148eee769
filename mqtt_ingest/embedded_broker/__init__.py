"""The embedded broker of `standalone`: MQTT 3.1.1 and 5, with our COMMIT before its PUBACK.

`protocol/` is the protocol: bytes in, bytes out, no sockets and no files. Around it are the
sockets (`listener`), the file that sessions and retained messages outlive a restart in
(`storage`), who may do what (`access`), and the way into the pipeline (`source`).
"""
