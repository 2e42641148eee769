"""Bodies of calls: JSON whose texts the database can store."""

import json
import re
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

# As JSON writes it; not a backslash that is followed by these characters.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


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
        if _NUL.search(text):
            raise HttpError(400, "NUL cannot be in a text")
        return body
