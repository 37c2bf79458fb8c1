"""Every address of the server."""

from django.contrib import admin
from django.urls import include, path

from devices import views as devices_views
from fleet import pilot, views
from fleet.api.urls import fallback_urlpatterns

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/workspace/", views.choose_workspace, name="choose_workspace"),
    path("admin/", include((devices_views.console_urls(admin.site), "console"))),
    path("admin/", admin.site.urls),
    path("pilot/", pilot.page, name="pilot"),
    path("", include("fleet.api.urls")),
    path("", include("devices.api.urls")),
    *fallback_urlpatterns,
]
