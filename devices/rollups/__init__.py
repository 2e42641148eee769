"""Rollups: what years of readings look like from afar.

partial_aggregate.py  a summary of consecutive readings, in plain Python
levels.py             minutes, 15 minutes, hours and days, and their tables
roller.py             change log → rollups: the background service of one elected process
open_buckets.py       buckets that have not ended yet, summed up in memory
pending_buckets.py    buckets that were touched and are to be summed up
minute_aggregates.py  minutes, made of readings when they are read
coverage.py           which spans rollups answer for, and which need the readings themselves

A bucket of a rollup is read only while it is exact. `devices_dirty` names the
buckets that were touched and not summed up yet, and changes that the roller has not
come to are looked up in the change log; both are read as readings instead.
"""

# Of the consumer of the change log that makes them, and of its lease.
CONSUMER = "rollups"
