"""A board that somebody made, and a note, for tests that look at pages."""

# For `manage.py shell -c`, where a device press-3 has the metrics named.
MADE = """
from django.contrib.auth import get_user_model
from dashboards.boards import store
from dashboards.logbook import places, writing
from dashboards.pictures import storing
from dashboards.sharing import links
from devices.models import Device
admin = get_user_model().objects.first()
made = store.make(admin, "Oil", {{}}, "oil")
SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 400 200'><rect x='5' y='5' "
    b"width='390' height='190' fill='none' stroke='#888' stroke-width='4'/></svg>"
)
picture = storing.keep(SVG, admin, board=made).pk
area = {{"y": 0, "h": 4}}
widgets = [
    {{"id": "a", "kind": "value", "x": 0, "w": 3, **area,
      "options": {{"key": "$press/{number}", "title": "Oil of $press", "trend": True}}}},
    {{"id": "b", "kind": "lines", "x": 3, "w": 6, **area,
      "options": {{"keys": ["$press/{number}"]}}}},
    {{"id": "c", "kind": "bars", "x": 9, "w": 3, **area,
      "options": {{"key": "$press/{number}", "of": "mean"}}}},
    {{"id": "d", "kind": "devices", "x": 0, "y": 4, "w": 9, "h": 4, "options": {{}}}},
    {{"id": "e", "kind": "links", "x": 9, "y": 4, "w": 3, "h": 2,
      "options": {{"links": [{{"label": "Manual", "url": "/boards/"}}]}}}},
    {{"id": "f", "kind": "histogram", "x": 0, "y": 8, "w": 6, "h": 4,
      "options": {{"key": "$press/{number}"}}}},
    {{"id": "g", "kind": "heat_map", "x": 6, "y": 8, "w": 6, "h": 4,
      "options": {{"key": "$press/{number}"}}}},
    {{"id": "h", "kind": "plan", "x": 0, "y": 12, "w": 6, "h": 5,
      "options": {{"picture": picture, "alt": "The hall", "pins": [
          {{"x": 0.3, "y": 0.4, "key": "$press/{number}", "state": True, "label": "Oil"}},
          {{"x": 0.7, "y": 0.6, "label": "Manual", "url": "/boards/"}}]}}}},
    {{"id": "i", "kind": "logbook", "x": 6, "y": 12, "w": 3, "h": 5,
      "options": {{"device": "press-3"}}}},
    {{"id": "j", "kind": "page", "x": 9, "y": 12, "w": 3, "h": 5,
      "options": {{"url": "https://grafana.example/", "title": "Grafana"}}}},
    {{"id": "k", "kind": "map", "x": 0, "y": 17, "w": 6, "h": 5,
      "options": {{"devices": ["$press"], "latitude": "{number}", "longitude": "{number}"}}}},
]
variables = [
    {{"name": "press", "kind": "device", "default": "press-3"}},
    {{"name": "zone", "kind": "zone"}},
]
wanted = {{"widgets": widgets, "variables": variables}}
store.publish(store.save_draft(made, admin, made.draft, wanted), admin)
press = Device.objects.get(key="press-3")
writing.write(places.Place("device", press), admin, "Oil is low", since=1, metric="{number}")
for password in ("", "oil"):
    print(links.address_of(links.make(made, admin, password=password)))
"""
