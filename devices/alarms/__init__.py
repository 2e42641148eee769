"""Alarms: rules about readings, what breaks them, who sees it, acknowledges it, shelves it.

`core` says what a list of readings gives, and knows no Django; `evaluator` follows the change
log and stores what has become of each alarm.
"""
