"""The durable engine: DBOS on SQLite or PostgreSQL, behind the `Step` and `WorkQueue` ports.

What a step returned is kept as a file by the plain step runner; the database knows which steps of which run are done,
who works on it, and what waits. Steps are at least once: a process that is killed between a step's end and its note in
the database finds the file and does not do the work again.
"""
