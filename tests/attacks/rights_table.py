"""Who gets which answer: a line for each route, method and case, a column for each person.

`-` stands for no body; the others are `BODIES`.
"""

from typing import Any, NamedTuple

from tests.attacks.people import CSV

BODIES: dict[str, Any] = {
    "-": None,
    "empty": {},
    "file": CSV,
    "mark_form": {
        "metric": "t",
        "from": "{since}",
        "to": "{until}",
        "kind": "bad",
        "reason": "x",
        "save": "1",
    },
    "export_form": {
        "keys": "press/t",
        "from": "2026-01-01",
        "to": "2026-01-02",
        "format": "csv",
        "zone": "UTC",
    },
    "new_here": {"key": "new", "site": "here"},
    "known_key": {"key": "press", "site": "there"},
    "new_nowhere": {"key": "new"},
    "rename": {"name": "x"},
    "disable": {"enabled": False},
    "move": {"site": "there"},
    "mark": {"key": "press/t", "from": "{since}", "to": "{until}", "kind": "bad", "reason": "x"},
    "export": {"keys": ["press/t"], "from": "2026-01-01", "to": "2026-01-02"},
    "create": {"create": True},
    "import_form": {
        "delimiter": ",",
        "time": "time",
        "device": "device",
        "metrics": "t",
        "order": "ymd",
        "create": "on",
        "zone": "UTC",
        "skip_lines": "0",
        "start": "1",
    },
    "listen": {"listen": "1"},
    "new_source": {"name": "mine"},
    "save": {"save": "1"},
    "guess": {"username": "root", "password": "guess"},
    "label": {"label": "Oil"},
    "delete": {"delete": "1"},
    "new_board": {"title": "x"},
    "show_all": {"shared": "everybody"},
    "draft": {"base": {}, "specification": {}},
    "restore": {"revision": 1},
    "below": {"name": "x", "slug": "x", "parent": "{here}"},
    "member": {"do": "member", "person": "roleless", "role": "viewer"},
    "keep": {"do": "keep", "raw_days": "800"},
    "bulk": {"device": "press", "action": "tag", "value": "x"},
    "view": {"title": "x", "query": "search=x"},
    "view_for_all": {"title": "x", "shared": "on"},
    "link_form": {"days": "1", "reach_s": "3600"},
    "note": {"text": "x", "device": "press"},
    "answer": {"text": "x", "parent": "{note}"},
    "text": {"text": "x"},
    "note_form": {"kind": "device", "name": "press", "text": "x"},
    "ids": {"ids": []},
    "dark": {"theme": "dark"},
    "choose": {"device": "waiting"},
    "broker": {"addresses": "mqtt://127.0.0.1:1"},
    "canary": {"canary": True},
    "templates": {"templates": []},
    "acknowledge": {"alarm": "{alarm}", "do": "acknowledge"},
    "rule_form": {
        **{"name": "x", "device_key": "press", "metric": "t", "kind": "above", "high": "5"},
        **{"hysteresis": "0", "window_s": "0", "for_s": "0", "clear_s": "0", "again_s": "300"},
        "severity": "warning",
    },
    "receiver_form": {
        **{"name": "x", "kind": "webhook", "target": "https://a.example/x", "least": "warning"},
        "site": "{here}",
    },
    "work_form": {"device": "press", "until": "{soon}", "reason": "x"},
    "rule": {"name": "x", "device": "press", "metric": "t", "kind": "above", "high": 5},
    "rule_test": {
        "rule": {"name": "x", "device": "press", "metric": "t", "kind": "above", "high": 5}
    },
    "severity": {"severity": "info"},
    "alarms": {"ids": ["{alarm}"]},
    "shelve": {"ids": ["{alarm}"], "until": "{soon}", "reason": "x"},
    "work": {"device": "press", "to": "{soon}", "reason": "x"},
    "series": {"subs": [{"t": "sub", "id": 1, "keys": ["press/t"]}]},
}

# The route, what is asked, and the answers to nobody, roleless, viewer, operator, manager,
# manager elsewhere, staff without permissions, kiosk, revoked token, superuser.
TABLE = """
(start)
    GET    /                                                    -
    302 200 200 200 200 200 200 302 302 200
devices/<str:key>/
    GET    /devices/press/                                      -
    302 404 200 200 200 404 404 302 302 200
devices/<str:key>/corrections
    GET    /devices/press/corrections?metric=t                  -
    302 404 200 200 200 404 404 302 302 200
devices/<str:key>/corrections
    POST   /devices/press/corrections                           mark_form
    302 404 403 302 302 404 404 302 302 302
boards/
    GET    /boards/                                             -
    302 200 200 200 200 200 200 302 302 200
boards/site/<slug:slug>/
    GET    /boards/site/here/                                   -
    302 404 200 200 200 404 404 302 302 200
boards/type/
    GET    /boards/type/?type=press                             -
    302 404 200 200 200 404 404 302 302 200
boards/without-site/
    GET    /boards/without-site/                                -
    302 200 200 200 200 200 200 302 302 200
words.js
    GET    /words.js                                            -
    200 200 200 200 200 200 200 200 200 200
jobs
    GET    /jobs                                                -
    302 200 200 200 200 200 200 302 302 200
jobs/<int:number>/file
    GET    /jobs/{job}/file                                     -
    302 404 404 200 404 404 404 302 302 200
jobs/<int:number>/cancel
    POST   /jobs/{waiting}/cancel                               empty
    302 404 404 302 404 404 404 302 302 302
export
    GET    /export?device=press                                 -
    302 404 200 200 200 404 404 302 302 200
export
    POST   /export                                              export_form
    302 422 302 302 302 422 422 302 302 302
import
    GET    /import                                              -
    302 403 403 200 200 200 403 302 302 200
import/<int:number>
    GET    /import/{upload}                                     -
    302 404 404 200 404 404 404 302 302 200
wall/<slug:slug>/
    GET    /wall/here/                                          -
    302 404 200 200 200 404 404 200 302 200
wall/<slug:slug>/
    GET    /wall/there/                                         -
    302 404 404 404 404 200 404 404 302 200
kiosk/<str:code>/
    GET    /kiosk/{code}/                                       -
    200 200 200 200 200 200 200 200 200 200
kiosk/<str:code>/
    GET    /kiosk/wrong/                                        -
    403 403 403 403 403 403 403 403 403 403
status
    GET    /status                                              -
    302 200 200 200 200 200 200 302 302 200
connect
    GET    /connect                                             -
    302 403 403 403 403 403 403 302 302 200
connect
    POST   /connect                                             listen
    302 403 403 403 403 403 403 302 302 302
sources
    GET    /sources                                             -
    302 403 403 403 403 403 403 302 302 200
sources
    POST   /sources                                             new_source
    302 403 403 403 403 403 403 302 302 302
sources/<slug:name>
    GET    /sources/native                                      -
    302 403 403 403 403 403 403 302 302 200
sources/<slug:name>
    POST   /sources/native                                      save
    302 403 403 403 403 403 403 302 302 302
sources/<slug:name>.yaml
    GET    /sources/native.yaml                                 -
    302 403 403 403 403 403 403 302 302 200
inspect
    GET    /inspect                                             -
    302 403 403 403 403 403 403 302 302 200
login/
    GET    /login/                                              -
    200 200 200 200 200 200 200 200 200 200
logout/
    POST   /logout/                                             empty
    302 302 302 302 302 302 302 302 302 302
favicon.ico
    GET    /favicon.ico                                         -
    302 302 302 302 302 302 302 302 302 302
healthz
    GET    /healthz                                             -
    200 200 200 200 200 200 200 200 200 200
readyz
    GET    /readyz                                              -
    200 200 200 200 200 200 200 200 200 200
metrics
    GET    /metrics                                             -
    200 200 200 200 200 200 200 200 200 200
^static/[0-9a-f]{12}/(?P<path>.+)$
    GET    /static/0123456789ab/dashboards/icon.svg             -
    302 302 302 302 302 302 302 302 302 302
static/<path:path>
    GET    /static/dashboards/icon.svg                          -
    302 302 302 302 302 302 302 302 302 302
api/v1/
    GET    /api/v1/                                             -
    404 404 404 404 404 404 404 404 404 404
api/v1/openapi.json
    GET    /api/v1/openapi.json                                 -
    200 200 200 200 200 200 200 200 200 200
api/v1/docs
    GET    /api/v1/docs                                         -
    200 200 200 200 200 200 200 200 200 200
api/v1/devices
    GET    /api/v1/devices                                      -
    401 200 200 200 200 200 200 401 401 200
api/v1/devices
    POST   /api/v1/devices                                      new_here
    401 422 403 403 201 422 422 401 401 201
api/v1/devices
    POST   /api/v1/devices                                      known_key
    401 422 422 422 422 409 422 401 401 409
api/v1/devices
    POST   /api/v1/devices                                      new_nowhere
    401 403 403 403 403 403 403 401 401 201
api/v1/devices/<key>
    GET    /api/v1/devices/press                                -
    401 404 200 200 200 404 404 401 401 200
api/v1/devices/<key>
    PATCH  /api/v1/devices/press                                rename
    401 404 403 200 200 404 404 401 401 200
api/v1/devices/<key>
    PATCH  /api/v1/devices/press                                disable
    401 404 403 403 200 404 404 401 401 200
api/v1/devices/<key>
    PATCH  /api/v1/devices/press                                move
    401 404 403 403 422 404 404 401 401 200
api/v1/devices/<key>
    DELETE /api/v1/devices/press                                -
    401 404 403 403 204 404 404 401 401 204
api/v1/devices/<key>/readings
    GET    /api/v1/devices/press/readings                       -
    401 404 200 200 200 404 404 401 401 200
api/v1/readings
    GET    /api/v1/readings?keys=press/t                        -
    401 200 200 200 200 200 200 401 401 200
api/v1/readings/at
    GET    /api/v1/readings/at?keys=press/t&ts=2026-01-01       -
    401 200 200 200 200 200 200 401 401 200
api/v1/aggregates
    GET    /api/v1/aggregates?keys=press/t                      -
    401 200 200 200 200 200 200 401 401 200
api/v1/corrections
    GET    /api/v1/corrections                                  -
    401 200 200 200 200 200 200 401 401 200
api/v1/corrections
    POST   /api/v1/corrections                                  mark
    401 422 403 201 201 422 422 401 401 201
api/v1/corrections/<int:number>
    DELETE /api/v1/corrections/{mark}                           -
    401 404 403 200 200 404 404 401 401 200
api/v1/exports
    POST   /api/v1/exports                                      export
    401 422 202 202 202 422 422 401 401 202
api/v1/imports
    POST   /api/v1/imports?name=x.csv                           file
    401 403 403 201 201 201 403 401 401 201
api/v1/imports/<int:number>/start
    POST   /api/v1/imports/{upload}/start                       create
    401 404 404 403 404 404 404 401 401 202
api/v1/imports/<int:number>/start
    POST   /api/v1/imports/{upload}/start                       empty
    401 404 404 202 404 404 404 401 401 202
import/<int:number>
    POST   /import/{upload}                                     import_form
    302 404 404 403 404 404 404 302 302 302
import
    POST   /import                                              empty
    302 403 403 422 422 422 403 302 302 422
kiosk/<str:code>/
    POST   /kiosk/{code}/                                       empty
    302 302 302 302 302 302 302 302 302 302
login/
    POST   /login/                                              guess
    200 200 200 200 200 200 200 200 200 200
account/
    GET    /account/                                            -
    302 200 200 200 200 200 200 302 302 200
account/look
    POST   /account/look                                        dark
    302 302 302 302 302 302 302 302 302 302
parts
    GET    /parts                                               -
    302 403 403 403 403 403 200 302 302 200
devices/
    POST   /devices/                                            bulk
    302 302 302 302 302 302 302 302 302 302
views
    POST   /views                                               view
    302 302 302 302 302 302 302 302 302 302
views
    POST   /views                                               view_for_all
    302 403 403 403 302 302 403 302 302 302
views/<int:number>/delete
    POST   /views/{view}/delete                                 empty
    302 404 404 302 404 404 404 302 302 404
pending
    GET    /pending                                             -
    302 403 403 403 200 200 403 302 302 200
pending
    POST   /pending                                             choose
    302 403 403 403 302 302 403 302 302 302
devices/<str:key>/settings
    GET    /devices/press/settings                              -
    302 404 403 200 200 404 404 302 302 200
devices/<str:key>/settings
    POST   /devices/press/settings                              empty
    302 404 403 302 400 404 404 302 302 302
sites/
    GET    /sites/                                              -
    302 403 403 403 200 200 403 302 302 200
sites/
    POST   /sites/                                              below
    302 403 403 403 302 400 403 302 302 302
sites/<slug:slug>/
    GET    /sites/here/                                         -
    302 404 403 403 200 404 404 302 302 200
sites/<slug:slug>/
    POST   /sites/here/                                         member
    302 404 403 403 302 404 404 302 302 302
sites/<slug:slug>/
    POST   /sites/here/                                         keep
    302 404 403 403 302 404 404 302 302 302
alarms
    GET    /alarms                                              -
    302 200 200 200 200 200 200 302 302 200
alarms
    POST   /alarms                                              acknowledge
    302 302 403 302 302 302 302 302 302 302
alarms.csv
    GET    /alarms.csv                                          -
    302 200 200 200 200 200 200 302 302 200
alarms/<int:number>
    GET    /alarms/{alarm}                                      -
    302 404 200 200 200 404 404 302 302 200
alarms/rules
    GET    /alarms/rules                                        -
    302 200 200 200 200 200 200 302 302 200
alarms/rules/new
    GET    /alarms/rules/new                                    -
    302 403 403 200 200 200 403 302 302 200
alarms/rules/new
    POST   /alarms/rules/new                                    rule_form
    302 403 403 302 302 400 403 302 302 302
alarms/rules/<int:number>
    GET    /alarms/rules/{rule}                                 -
    302 404 200 200 200 404 404 302 302 200
alarms/rules/<int:number>
    POST   /alarms/rules/{rule}                                 delete
    302 404 403 302 302 404 404 302 302 302
alarms/receivers
    GET    /alarms/receivers                                    -
    302 200 200 200 200 200 200 302 302 200
alarms/receivers/new
    GET    /alarms/receivers/new                                -
    302 403 200 200 200 200 403 302 302 200
alarms/receivers/new
    POST   /alarms/receivers/new                                receiver_form
    302 403 400 400 302 400 403 302 302 302
alarms/receivers/<int:number>
    GET    /alarms/receivers/{receiver}                         -
    302 403 404 404 200 404 403 302 302 200
alarms/receivers/<int:number>
    POST   /alarms/receivers/{receiver}                         delete
    302 403 404 404 302 404 403 302 302 302
alarms/maintenance
    GET    /alarms/maintenance                                  -
    302 200 200 200 200 200 200 302 302 200
alarms/maintenance
    POST   /alarms/maintenance                                  work_form
    302 302 403 302 302 302 302 302 302 302
api/v1/alarms
    GET    /api/v1/alarms                                       -
    401 200 200 200 200 200 200 401 401 200
api/v1/alarms/<int:number>
    GET    /api/v1/alarms/{alarm}                               -
    401 404 200 200 200 404 404 401 401 200
api/v1/alarms/acknowledge
    POST   /api/v1/alarms/acknowledge                           alarms
    401 404 403 200 200 404 404 401 401 200
api/v1/alarms/shelve
    POST   /api/v1/alarms/shelve                                shelve
    401 404 403 200 200 404 404 401 401 200
api/v1/alarms/unshelve
    POST   /api/v1/alarms/unshelve                              alarms
    401 404 403 200 200 404 404 401 401 200
api/v1/alarms/maintenance
    GET    /api/v1/alarms/maintenance                           -
    401 200 200 200 200 200 200 401 401 200
api/v1/alarms/maintenance
    POST   /api/v1/alarms/maintenance                           work
    401 422 403 201 201 422 422 401 401 201
api/v1/alarms/maintenance/<int:number>
    DELETE /api/v1/alarms/maintenance/{work}                    -
    401 404 403 204 204 404 404 401 401 204
api/v1/alarm-rules
    GET    /api/v1/alarm-rules                                  -
    401 200 200 200 200 200 200 401 401 200
api/v1/alarm-rules
    POST   /api/v1/alarm-rules                                  rule
    401 422 403 201 201 422 422 401 401 201
api/v1/alarm-rules/back-test
    POST   /api/v1/alarm-rules/back-test                        rule_test
    401 422 403 200 200 422 422 401 401 200
api/v1/alarm-rules/<int:number>
    GET    /api/v1/alarm-rules/{rule}                           -
    401 404 200 200 200 404 404 401 401 200
api/v1/alarm-rules/<int:number>
    PATCH  /api/v1/alarm-rules/{rule}                           severity
    401 404 403 200 200 404 404 401 401 200
api/v1/alarm-rules/<int:number>
    DELETE /api/v1/alarm-rules/{rule}                           -
    401 404 403 204 204 404 404 401 401 204
api/v1/search
    GET    /api/v1/search?q=press                               -
    401 200 200 200 200 200 200 401 401 200
api/v1/problems
    GET    /api/v1/problems                                     -
    401 200 200 200 200 200 200 401 401 200
devices/<str:key>/history
    GET    /devices/press/history                               -
    302 404 200 200 200 404 404 302 302 200
devices/<str:key>/history
    GET    /devices/press/history?by=day                        -
    302 404 200 200 200 404 404 302 302 200
devices/<str:key>/connection
    GET    /devices/press/connection                            -
    302 404 200 200 200 404 404 302 302 200
devices/<str:key>/events
    GET    /devices/press/events                                -
    302 404 200 200 200 404 404 302 302 200
manifest.webmanifest
    GET    /manifest.webmanifest                                -
    200 200 200 200 200 200 200 200 200 200
service-worker.js
    GET    /service-worker.js                                   -
    200 200 200 200 200 200 200 200 200 200
offline
    GET    /offline                                             -
    200 200 200 200 200 200 200 200 200 200
logbook
    GET    /logbook                                             -
    302 200 200 200 200 200 200 302 302 200
logbook
    POST   /logbook                                             note_form
    302 404 403 302 302 404 404 302 302 302
logbook.csv
    GET    /logbook.csv                                         -
    302 200 200 200 200 200 200 302 302 200
api/v1/notes
    GET    /api/v1/notes                                        -
    401 200 200 200 200 200 200 401 401 200
api/v1/notes
    POST   /api/v1/notes                                        note
    401 422 403 201 201 422 422 401 401 201
api/v1/notes
    POST   /api/v1/notes                                        answer
    401 404 403 201 201 404 404 401 401 201
api/v1/notes/<int:number>
    PATCH  /api/v1/notes/{note}                                 text
    401 404 403 200 403 404 404 401 401 403
api/v1/notes/<int:number>
    DELETE /api/v1/notes/{note}                                 -
    401 404 403 204 204 404 404 401 401 204
api/v1/notes/<int:number>/edits
    GET    /api/v1/notes/{note}/edits                           -
    401 404 200 200 200 404 404 401 401 200
api/v1/notes/read
    POST   /api/v1/notes/read                                   ids
    401 200 200 200 200 200 200 401 401 200
boards/mine
    POST   /boards/mine                                         empty
    302 403 302 302 302 302 403 302 302 302
boards/<slug:slug>/
    GET    /boards/{board}/                                     -
    302 404 200 200 200 404 404 302 302 200
boards/<slug:slug>/edit
    GET    /boards/{board}/edit                                 -
    302 404 403 200 200 404 404 302 302 200
boards/<slug:slug>/settings
    GET    /boards/{board}/settings                             -
    302 404 403 403 200 404 404 302 302 200
boards/<slug:slug>/settings
    POST   /boards/{board}/settings                             delete
    302 404 403 403 302 404 404 302 302 302
boards/<slug:slug>/share
    GET    /boards/{board}/share                                -
    302 404 403 403 200 404 404 302 302 200
boards/<slug:slug>/share
    POST   /boards/{board}/share                                link_form
    302 404 403 403 302 404 404 302 302 302
shared/<str:address>/
    GET    /shared/{address}/                                   -
    200 200 200 200 200 200 200 200 200 200
shared/<str:address>/
    GET    /shared/wrong/                                       -
    404 404 404 404 404 404 404 404 404 404
pictures/<int:number>
    GET    /pictures/{picture}                                  -
    302 404 200 200 200 404 404 302 302 200
shared/<str:address>/pictures/<int:number>
    GET    /shared/{address}/pictures/{picture}                 -
    404 404 404 404 404 404 404 404 404 404
api/v1/boards/<slug>/pictures
    POST   /api/v1/boards/{board}/pictures                      empty
    401 404 403 422 422 404 404 401 401 422
api/v1/notes/<int:number>/pictures
    POST   /api/v1/notes/{note}/pictures                        empty
    401 404 403 422 403 404 404 401 401 403
api/v1/boards/<slug>/links
    GET    /api/v1/boards/{board}/links                         -
    401 404 403 403 200 404 404 401 401 200
api/v1/boards/<slug>/links
    POST   /api/v1/boards/{board}/links                         empty
    401 404 403 403 201 404 404 401 401 201
api/v1/boards/<slug>/links/<int:number>
    DELETE /api/v1/boards/{board}/links/{link}                  -
    401 404 403 403 204 404 404 401 401 204
boards/<slug:slug>/widget
    POST   /boards/{board}/widget                               empty
    302 404 403 400 400 404 404 302 302 400
api/v1/boards
    GET    /api/v1/boards                                       -
    401 200 200 200 200 200 200 401 401 200
api/v1/boards
    POST   /api/v1/boards                                       new_board
    401 403 201 201 201 201 403 401 401 201
api/v1/boards/<slug>
    GET    /api/v1/boards/{board}                               -
    401 404 200 200 200 404 404 401 401 200
api/v1/boards/<slug>
    PATCH  /api/v1/boards/{board}                               show_all
    401 404 403 403 200 404 404 401 401 200
api/v1/boards/<slug>
    DELETE /api/v1/boards/{board}                               -
    401 404 403 403 204 404 404 401 401 204
api/v1/boards/<slug>/draft
    GET    /api/v1/boards/{board}/draft                         -
    401 404 403 200 200 404 404 401 401 200
api/v1/boards/<slug>/draft
    PUT    /api/v1/boards/{board}/draft                         draft
    401 404 403 200 200 404 404 401 401 200
api/v1/boards/<slug>/publish
    POST   /api/v1/boards/{board}/publish                       empty
    401 404 403 200 200 404 404 401 401 200
api/v1/boards/<slug>/revisions
    GET    /api/v1/boards/{board}/revisions                     -
    401 404 403 200 200 404 404 401 401 200
api/v1/boards/<slug>/revision
    GET    /api/v1/boards/{board}/revision                      -
    401 404 200 200 200 404 404 401 401 200
api/v1/boards/<slug>/restore
    POST   /api/v1/boards/{board}/restore                       restore
    401 404 403 200 200 404 404 401 401 200
account/
    POST   /account/                                            empty
    302 302 302 302 302 302 302 302 302 302
api/v1/series
    GET    /api/v1/series                                       -
    401 200 200 200 200 200 200 401 401 200
api/v1/series/<device>/<path:metric>
    GET    /api/v1/series/press/t                               -
    401 404 200 200 200 404 404 401 401 200
api/v1/series/<device>/<path:metric>
    PATCH  /api/v1/series/press/t                               label
    401 404 403 200 200 404 404 401 401 200
api/v1/sources
    GET    /api/v1/sources                                      -
    401 403 403 403 403 403 403 401 401 200
api/v1/sources/<name>
    GET    /api/v1/sources/native                               -
    401 403 403 403 403 403 403 401 401 200
api/v1/sources/<name>
    PATCH  /api/v1/sources/native                               disable
    401 403 403 403 403 403 403 401 401 200
api/v1/templates
    GET    /api/v1/templates                                    -
    401 403 403 403 403 403 403 401 401 200
api/v1/templates/<source>
    PUT    /api/v1/templates/native                             templates
    401 403 403 403 403 403 403 401 401 422
api/v1/brokers
    GET    /api/v1/brokers                                      -
    401 403 403 403 403 403 403 401 401 200
api/v1/brokers
    POST   /api/v1/brokers                                      broker
    401 403 403 403 403 403 403 401 401 201
api/v1/brokers/<name>
    PATCH  /api/v1/brokers/none                                 canary
    401 403 403 403 403 403 403 401 401 404
api/v1/brokers/<name>
    DELETE /api/v1/brokers/none                                 -
    401 403 403 403 403 403 403 401 401 404
api/v1/jobs
    GET    /api/v1/jobs                                         -
    401 200 200 200 200 200 200 401 401 200
api/v1/jobs/<int:number>
    GET    /api/v1/jobs/{job}                                   -
    401 404 404 200 404 404 404 401 401 200
api/v1/jobs/<int:number>/cancel
    POST   /api/v1/jobs/{waiting}/cancel                        empty
    401 404 404 200 404 404 404 401 401 200
api/v1/jobs/<int:number>/file
    GET    /api/v1/jobs/{job}/file                              -
    401 404 404 200 404 404 404 401 401 200
api/v1/live
    POST   /api/v1/live                                         series
    401 200 200 200 200 200 200 200 401 200
api/v1/status
    GET    /api/v1/status                                       -
    401 200 200 200 200 200 200 401 401 200
api/v1/packets
    GET    /api/v1/packets                                      -
    401 403 403 403 403 403 403 401 401 200
"""


class Row(NamedTuple):
    """What is asked, and the status that each of `PEOPLE` gets, in their order."""

    route: str
    method: str
    url: str
    body: str
    expected: list[int]


def _rows() -> list[Row]:
    lines = TABLE.strip().splitlines()
    found = []
    for route, asked, expected in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        method, url, body = asked.split()
        plain = route.strip().replace("(start)", "")
        found.append(Row(plain, method, url, body, [int(cell) for cell in expected.split()]))
    return found


ROWS = _rows()
