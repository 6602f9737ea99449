"""Documents, one file a command: a result becomes what is to be said of it."""
