"""How long readings and their sums stay.

policies.py  which policy holds for a series, and from when on it keeps what
own.py       the policies of one series or one site alone
sweeper.py   removing the rest in bounded steps: the service of one elected process
parts.py     dropping whole partitions on PostgreSQL
preview.py   what would go, and how many bytes come back
disk.py      the disk: warns early, then thins before it is full

Retention first raises `raw_since` of a series, in one transaction with the registry's
number: from then on nothing older is read or taken in. Only then it deletes, in steps
that may be broken off at any moment.
"""
