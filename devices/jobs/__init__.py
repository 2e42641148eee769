"""Jobs: long work that people ask for, done in steps by workers, and watched.

files.py   a job's files, kept as rows: whole after any crash, on every machine
runner.py  one step after the other, each committed with what it made
asking.py  who may ask for, see and cancel a job

The kinds of work are registered by the apps that do them (`runner.register`).
"""
