"""Bodies of calls: JSON whose texts the database can store."""

import json
import re
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

# As JSON writes it; not a backslash that is followed by these characters.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


# Values of a body, all together: each that is wrong costs some kB while it is checked.
VALUES = 20_000


def has_many(body: Any) -> bool:
    """Return whether there are more than `VALUES` values and names in `body`."""
    found, waiting = 0, [body]
    while waiting:
        one = waiting.pop()
        parts = list(one.values()) if isinstance(one, dict) else one
        if isinstance(parts, list):
            found += len(parts)
            if found > VALUES:
                return True
            waiting += [part for part in parts if isinstance(part, dict | list)]
    return False


class StrictJson(Parser):
    """Ninja's, which refuses NUL and halves of surrogate pairs wherever they stand."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body as an object.

        Raises:
            HttpError: 400, with what is wrong.
        """
        try:
            body = json.loads(request.body)
            # What UTF-8 cannot say.
            text = json.dumps(body, ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError as error:
            raise HttpError(400, "half of a surrogate pair is no character") from error
        except (ValueError, RecursionError) as error:
            raise HttpError(400, "the body is not JSON") from error
        if has_many(body):
            raise HttpError(422, f"a body may have {VALUES} values")
        if _NUL.search(text):
            raise HttpError(400, "NUL cannot be in a text")
        return body
