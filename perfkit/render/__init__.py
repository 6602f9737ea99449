"""Render: from what was measured to the configuration of the programs around the database. Pure: numbers in, text out."""
