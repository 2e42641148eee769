"""What every request passes through: time zone, compression, outages, and readers that leave."""
