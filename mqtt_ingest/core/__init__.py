"""The ingest core: from packets to batches, without Django, sockets or a clock."""
