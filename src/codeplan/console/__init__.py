"""Pages for people, made on the server: sign in, and see what is left."""
