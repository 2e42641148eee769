"""What pages show, put into words and rows: devices, sites, jobs, values and times."""
