"""Every address of the server."""

from django.contrib import admin
from django.urls import include, path

from devices import views as devices_views
from fleet import map_views, pilot, views
from fleet.api.urls import fallback_urlpatterns
from media import views as media_views
from waylines import views as waylines_views

#: Pages of the console that are no list and no form.
console_urls = [
    *devices_views.console_urls(admin.site),
    *waylines_views.console_urls(admin.site),
    *media_views.console_urls(admin.site),
    *map_views.console_urls(admin.site),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("admin/workspace/", views.choose_workspace, name="choose_workspace"),
    path("admin/", include((console_urls, "console"))),
    path("admin/", admin.site.urls),
    path("pilot/", pilot.page, name="pilot"),
    path("", include("fleet.api.urls")),
    path("", include("devices.api.urls")),
    path("", include("waylines.api.urls")),
    path("", include("media.api.urls")),
    *fallback_urlpatterns,
]
