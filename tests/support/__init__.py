"""What tests share: a running service, an upstream that follows a script, the real tools."""
