"""The live socket: protocol v1 of docs/reference/frames.md."""
