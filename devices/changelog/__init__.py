"""The change log: one row per committed batch, with the spans of series that it touched."""
