"""Boards shown to people without a login: links, what they give, and nothing besides.

A link's address is signed, so that nobody makes one up. A page that it opened has a *grant*:
signed, too, it says which board of which link is looked at. Whatever that page asks for, by
HTTP or over the socket, is asked with the grant, and answered within the scope of the link's
maker at that moment, narrowed to the series that the board shows and to the link's reach.
"""
