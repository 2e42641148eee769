"""What is wrong at present and what was lost: heartbeats, conditions, losses."""
