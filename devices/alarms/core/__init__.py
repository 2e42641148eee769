"""What readings give under a rule: plain functions of lists. Times are µs since 1970 UTC."""
