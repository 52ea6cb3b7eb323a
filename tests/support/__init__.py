"""What several tests share: builders and fakes."""
