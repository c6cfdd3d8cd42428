"""Importers: foreign network formats to Paddle programs."""
