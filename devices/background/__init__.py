"""Work beside ingest that one elected process does: leases, threads, the loop that runs it."""
