"""The measuring room: a catalog and a server become measured cases."""
