"""What most would build instead: Celery with Redis and a row lock per merchant; and the honest rival, SQL in chunks.

The modules that run in the baseline's own environment are `tasks`, `enqueue` and `chunked_sql`; the others start them and look.
"""
