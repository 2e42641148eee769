"""The tables of readings: how each database writes them."""
