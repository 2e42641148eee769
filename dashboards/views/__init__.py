"""The pages: complete without JavaScript, then kept live by it."""
