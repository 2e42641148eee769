"""The pages' paths."""

from django.contrib.auth import views as auth
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView

from dashboards import correcting, probes, views

urlpatterns = [
    path("", views.overview_page, name="overview"),
    path("devices/<str:key>/", views.device_page, name="device"),
    path("devices/<str:key>/corrections", correcting.corrections_page, name="corrections"),
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
