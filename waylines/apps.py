from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WaylinesConfig(AppConfig):
    name = "waylines"
    verbose_name = _("Missions")
