"""How the product is started somewhere: local Kafka and Postgres here, containers and dashboards beside it."""
