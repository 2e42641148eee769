"""One line when something goes away, one when it is back: not one for each try."""

import logging


class Outage:
    """Whether something is away at present, told once."""

    def __init__(self, logger: logging.Logger, words: str, level: int = logging.WARNING) -> None:
        """Prepare.

        Args:
            logger: where to tell.
            words: what cannot be done, such as "Cannot hear the workers".
            level: of the line that says so.
        """
        self._logger, self._words, self._level = logger, words, level
        self.reason = ""

    def fails(self, error: Exception) -> None:
        """Note that it failed; tell it if it worked before."""
        if not self.reason:
            self._logger.log(self._level, "%s: %s. Trying on.", self._words, error)
        self.reason = str(error) or type(error).__name__

    def works(self) -> None:
        """Note that it works; tell it if it failed before."""
        if self.reason:
            self._logger.info("%s: over.", self._words)
        self.reason = ""
