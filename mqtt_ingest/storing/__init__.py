"""From batches to rows: what a batch writes, and the writer that commits it."""
