"""Forms as a browser has them: opened, filled in and sent with everything in them."""

from typing import Any

import lxml.html
from django.test import Client


class Page:
    """An answer, and the forms in it."""

    def __init__(self, client: Client, url: str, answer: Any) -> None:
        self.url = url
        self.status = answer.status_code
        self.text = answer.content.decode()
        self.tree = lxml.html.fromstring(self.text or "<p/>")
        self._client = client

    @property
    def errors(self) -> list[str]:
        found = self.tree.find_class("errorlist") + self.tree.find_class("errornote")
        return [" ".join(element.text_content().split()) for element in found]

    def form(self, name: str) -> "Form | None":
        found = self.tree.xpath("//form[@id=$name]", name=name)
        return Form(self, found[0]) if found else None

    def send(self, data: dict[str, list[str]]) -> "Page":
        return Page(self._client, self.url, self._client.post(self.url, data))


class Form:
    """One form: what a browser would send, and what somebody changes before."""

    def __init__(self, page: Page, element: Any) -> None:
        self._page = page
        self.data: dict[str, list[str]] = {}
        for name, value in element.form_values():
            self.data.setdefault(name, []).append(value)
        buttons = element.xpath(".//input[@type='submit'] | .//button[@type='submit']")
        self.buttons = {button.get("name") for button in buttons}

    def fill(self, **values: str) -> None:
        self.data |= {name: [value] for name, value in values.items()}

    def submit(self, button: str) -> Page:
        assert button in self.buttons
        return self._page.send(self.data | {button: ["1"]})


def visit(client: Client, url: str) -> Page:
    return Page(client, url, client.get(url))
