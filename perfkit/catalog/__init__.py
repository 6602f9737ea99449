"""The catalog room: .sql files become queries and cases."""
