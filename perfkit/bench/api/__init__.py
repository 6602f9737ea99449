"""What an application's users wait for: requests over HTTP, its instances' memory, its static assets."""
