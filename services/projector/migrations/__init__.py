"""Revisions of the views' schema. Each only adds, so that the version before goes on working while a new one rolls out (RUN-06)."""
