"""The `payflow` command: start, seed, show, check. It speaks to the product through its public API and its services' doors."""
