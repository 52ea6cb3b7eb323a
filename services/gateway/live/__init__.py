"""The live feed: changes pushed as the views commit them. The protocol is described in docs/feed.md."""
