"""The logbook: who may read and write which notes, who is named, what is new."""
