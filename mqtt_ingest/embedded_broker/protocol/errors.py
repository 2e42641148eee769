"""What ends a connection."""

from mqtt_ingest.embedded_broker.protocol.reason_codes import ReasonCode


class ProtocolError(Exception):
    """What a client sent breaks the protocol, or goes beyond a limit: its connection ends."""

    def __init__(self, reason: ReasonCode, detail: str) -> None:
        """Say what it is.

        Args:
            reason: told to clients of MQTT 5.
            detail: for people, without anything that the client chose.
        """
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def malformed(detail: str) -> ProtocolError:
    """Return the error of a packet that cannot be parsed (MQTT 5.0, section 4.13)."""
    return ProtocolError(ReasonCode.MALFORMED_PACKET, detail)


def against_protocol(detail: str) -> ProtocolError:
    """Return the error of a packet that is not allowed as it is, or here."""
    return ProtocolError(ReasonCode.PROTOCOL_ERROR, detail)
