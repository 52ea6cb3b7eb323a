"""Reading what a run left behind into the evidence folder: topics, views, the provider's books."""
