"""The alumni database that perfkit shows itself on: schema, data and import files."""
