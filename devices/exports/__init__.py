"""Exports: readings or their sums as CSV, JSON Lines or Parquet, of any size.

options.py  what is asked for, checked
formats.py  rows → bytes
work.py     series after series, step after step

The rows come from the reads that pages use (`devices.queries`, `devices.queries.aggregates`),
so an export says what charts and tables say.
"""
