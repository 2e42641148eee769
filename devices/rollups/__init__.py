"""Rollups: what years of readings look like from afar.

fold.py     a summary of consecutive readings, in plain Python
tables.py   the levels and their tables
roller.py   change log → rollups: the work of one elected process
reading.py  which spans rollups answer for, and which need the readings themselves

A bucket of a rollup is read only while it is exact. `devices_dirty` names the
quarters that were touched and not summed up yet, and changes that the roller has not
come to are looked up in the change log; both are read as readings instead.
"""
