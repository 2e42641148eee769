"""The pages' paths."""

from django.contrib.auth import views as auth
from django.templatetags.static import static
from django.urls import path, re_path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog

from dashboards import boardpages, correcting, importing, jobpages, probes, views, walls

urlpatterns = [
    path("", views.overview_page, name="overview"),
    path("devices/<str:key>/", views.device_page, name="device"),
    path("devices/<str:key>/corrections", correcting.corrections_page, name="corrections"),
    path("boards/", boardpages.boards_page, name="boards"),
    path("boards/site/<slug:slug>/", boardpages.site_board, name="site-board"),
    path("boards/type/", boardpages.type_board, name="type-board"),
    path("boards/without-site/", boardpages.unsited_board, name="unsited-board"),
    path("words.js", JavaScriptCatalog.as_view(), name="words"),
    path("jobs", jobpages.jobs_page, name="jobs"),
    path("jobs/<int:number>/file", jobpages.job_file, name="job-file"),
    path("jobs/<int:number>/cancel", jobpages.cancel_job, name="cancel-job"),
    path("export", jobpages.export_page, name="export"),
    re_path("^static/[0-9a-f]{12}/(?P<path>.+)$", views.static_of_another_release),
    path("static/<path:path>", views.static_of_another_release),
    path("import", importing.upload_page, name="import"),
    path("import/<int:number>", importing.import_page, name="import-job"),
    path("wall/<slug:slug>/", walls.wall_page, name="wall"),
    path("kiosk/<str:code>/", walls.kiosk_page, name="kiosk"),
    path("status", views.status_page, name="status"),
    path("inspect", views.inspect_page, name="inspect"),
    path("login/", auth.LoginView.as_view(template_name="dashboards/login.html"), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    # Admin's pages name no icon, so browsers ask for this one.
    path("favicon.ico", RedirectView.as_view(url=static("dashboards/icon.svg"))),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
    path("metrics", probes.metrics),
]
