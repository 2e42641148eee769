"""What clients may take of the server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds; sizes in bytes, times in seconds."""

    # From the first byte to a good CONNECT.
    connect_seconds: float = 5.0
    # After the fixed header: of CONNECT, by which nobody is known yet, and of any other packet.
    connect_bytes: int = 16_384
    packet_bytes: int = 327_680
    client_id_bytes: int = 256
    topic_bytes: int = 1_024
    topic_levels: int = 64
    # Of a will: each takes twenty times as much as it is long.
    will_user_properties: int = 32
    # Of a session.
    subscriptions: int = 1_000
    subscription_bytes: int = 1_000_000
    queued: int = 1_000
    queued_bytes: int = 16_000_000
    queued_seconds: float = 7 * 86_400
    # Of all sessions together.
    sessions: int = 5_000
    # Of those whose clients are away, that one message is kept for.
    away_listening: int = 500
    all_queued_bytes: int = 128_000_000
    all_subscription_bytes: int = 64_000_000
    # A session whose client is away ends after so long.
    session_seconds: int = 14 * 86_400
    retained: int = 20_000
    retained_bytes: int = 64_000_000
    # Messages of QoS 1 and 2 without their acknowledgement: to a client, and from one.
    inflight: int = 100
    receive_maximum: int = 1_000
    topic_aliases: int = 32
    # What waits in a client's connection to be sent.
    unsent_bytes: int = 1_000_000
    # For so long, for so many packets and retained topics, a connection has its turn.
    slice_seconds: float = 0.005
    slice_packets: int = 100
    slice_topics: int = 500
