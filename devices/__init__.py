"""What a device is and what it reported: registry, access, history, live groups."""
