"""What an import costs, way by way, and what becomes of every record of a file. Pure: a ground measures, files come as streams."""
