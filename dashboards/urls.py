"""The pages' paths."""

from django.contrib.auth import views as auth
from django.templatetags.static import static
from django.urls import path, re_path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog

from dashboards.login import LoginPage
from dashboards.views import (
    account,
    boards,
    connect,
    corrections,
    device_events,
    device_settings,
    devices,
    imports,
    installing,
    jobs,
    logbook,
    made_boards,
    parts,
    pending,
    probes,
    sources,
    wall,
)

urlpatterns = [
    path("", devices.overview_page, name="overview"),
    path("devices/<str:key>/", devices.device_page, name="device"),
    path("devices/<str:key>/corrections", corrections.corrections_page, name="corrections"),
    path("devices/<str:key>/settings", device_settings.settings_page, name="device-settings"),
    path("devices/<str:key>/events", device_events.events_page, name="device-events"),
    path("pending", pending.pending_page, name="pending"),
    path("boards/", boards.boards_page, name="boards"),
    path("boards/site/<slug:slug>/", boards.site_board, name="site-board"),
    path("boards/type/", boards.type_board, name="type-board"),
    path("boards/without-site/", boards.unsited_board, name="unsited-board"),
    path("boards/mine", made_boards.make, name="make-board"),
    path("boards/<slug:slug>/", made_boards.board_page, name="board"),
    path("boards/<slug:slug>/edit", made_boards.edit_page, name="edit-board"),
    path("boards/<slug:slug>/settings", made_boards.settings_page, name="board-settings"),
    path("boards/<slug:slug>/widget", made_boards.widget, name="board-widget"),
    path("manifest.webmanifest", installing.manifest, name="manifest"),
    path("service-worker.js", installing.service_worker, name="service-worker"),
    path("offline", installing.offline, name="offline"),
    path("logbook", logbook.logbook_page, name="logbook"),
    path("logbook.csv", logbook.logbook_file, name="logbook-file"),
    path("words.js", JavaScriptCatalog.as_view(), name="words"),
    path("jobs", jobs.jobs_page, name="jobs"),
    path("jobs/<int:number>/file", jobs.job_file, name="job-file"),
    path("jobs/<int:number>/cancel", jobs.cancel_job, name="cancel-job"),
    path("export", jobs.export_page, name="export"),
    re_path("^static/[0-9a-f]{12}/(?P<path>.+)$", devices.static_of_another_release),
    path("static/<path:path>", devices.static_of_another_release),
    path("import", imports.upload_page, name="import"),
    path("import/<int:number>", imports.import_page, name="import-job"),
    path("wall/<slug:slug>/", wall.wall_page, name="wall"),
    path("kiosk/<str:code>/", wall.kiosk_page, name="kiosk"),
    path("connect", connect.connect_page, name="connect"),
    path("sources", sources.sources_page, name="sources"),
    path("sources/<slug:name>", sources.source_page, name="source"),
    path("sources/<slug:name>.yaml", sources.source_file, name="source-file"),
    path("parts", parts.parts_page, name="parts"),
    path("status", devices.status_page, name="status"),
    path("inspect", devices.inspect_page, name="inspect"),
    path("account/", account.account_page, name="account"),
    path("account/look", account.set_look, name="look"),
    path("login/", LoginPage.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    # Admin's pages name no icon, so browsers ask for this one.
    path("favicon.ico", RedirectView.as_view(url=static("dashboards/icon.svg"))),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics),
]
