"""Uploaded files as rows of cells, whatever their kind: CSV, XLSX, pain.001."""
