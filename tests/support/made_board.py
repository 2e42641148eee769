"""A board that somebody made, and a note, for tests that look at pages."""

# For `manage.py shell -c`, where a device press-3 has the metrics named.
MADE = """
from django.contrib.auth import get_user_model
from dashboards.boards import store
from dashboards.logbook import places, writing
from devices.models import Device
admin = get_user_model().objects.first()
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
]
variables = [{{"name": "press", "kind": "device", "default": "press-3"}}]
made = store.make(admin, "Oil", {{"widgets": widgets, "variables": variables}}, "oil")
store.publish(made, admin)
press = Device.objects.get(key="press-3")
writing.write(places.Place("device", press), admin, "Oil is low", since=1, metric="{number}")
"""
