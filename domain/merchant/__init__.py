"""Merchants, their saved bank accounts and their incoming money."""
