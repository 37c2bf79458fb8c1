from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class FleetConfig(AppConfig):
    """The project package is an app too: workspaces and people live here."""

    name = "fleet"
    verbose_name = _("Workspace")

    def ready(self) -> None:
        autodiscover_modules("mqtt")
        from fleet import checks  # noqa: F401 - registers Django's system checks


class FleetAdminConfig(AdminConfig):
    """Django's admin, open to every member of a workspace."""

    default_site = "fleet.admin_site.FleetAdminSite"
