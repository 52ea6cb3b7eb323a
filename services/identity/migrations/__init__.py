"""Revisions of the schema `admin`."""
