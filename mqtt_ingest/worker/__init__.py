"""The ingest process: slots, the engine that hosts them, announcements, its HTTP port."""
