"""The operator's tools without stores."""
