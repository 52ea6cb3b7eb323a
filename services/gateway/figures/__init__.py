"""Figures of the views, and what needs somebody: the cards of the first page, counters, charts (CON-01, CON-07, CON-20)."""
