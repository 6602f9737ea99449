"""The report room: a document becomes text, JSON, JUnit, GitHub annotations or Markdown. Pure."""
