"""What is kept sealed can be used here, and by nobody who has the database alone."""

from typing import Any

import pytest

from devices.secrets import Unsealed, seal, unseal


def test_what_was_sealed_comes_back_and_cannot_be_read() -> None:
    kept = seal("pässword")
    assert "pässword" not in kept
    assert unseal(kept) == "pässword"
    assert seal("pässword") != kept, "equal secrets are not seen to be equal"
    assert (seal(""), unseal("")) == ("", "")


def test_a_key_that_was_changed_reads_what_the_last_one_sealed(settings: Any) -> None:
    kept = seal("word")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key"
    with pytest.raises(Unsealed, match="another SECRET_KEY"):
        unseal(kept)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(kept) == "word"


def test_what_is_no_seal_is_refused() -> None:
    with pytest.raises(Unsealed):
        unseal("plain")
