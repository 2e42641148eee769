"""What is wrong with a picture."""


class BadPicture(ValueError):
    """A picture that cannot be kept; its text says why, for people."""
