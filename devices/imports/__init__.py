"""Imports: what exports wrote, and any other CSV or JSON Lines with a mapping.

times.py    times as people and programs write them into files
mapping.py  which column is what, and a first guess
reading.py  lines → points, or what is wrong in which column

Storing them is `mqtt_ingest/import_job.py`, by the writer that stores packets.
"""
