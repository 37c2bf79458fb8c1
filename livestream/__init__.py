"""Live video sessions and the media server's hooks."""
