"""The law alone: no broker, no database, no clock."""
