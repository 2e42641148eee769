"""Recordings (CSV, JSON Lines): read as packets, published at a pace."""
