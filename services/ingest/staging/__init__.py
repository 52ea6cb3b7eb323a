"""Files as they were uploaded, kept in ingest's own schema until and after they are submitted."""
