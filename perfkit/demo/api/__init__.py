"""The demo's API: a small alumni web application, an ordinary one, to measure perfkit's advice on."""
