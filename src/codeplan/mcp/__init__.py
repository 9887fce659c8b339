"""The plan's MCP servers: streamable HTTP by the official SDK, one folder a server."""
