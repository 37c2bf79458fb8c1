from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person. What they may do is said by their memberships; a superuser is admin of every workspace."""

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment] # the stubs know no lazy texts here
        verbose_name_plural = _("people")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()
