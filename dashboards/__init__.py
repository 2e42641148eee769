"""From stored readings to pixels: pages, API and the live socket."""
