"""What can go wrong while a message is sent."""


class NotSent(Exception):
    """A message was not taken; the text says why, for whoever set the receiver up."""
