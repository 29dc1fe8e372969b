"""Django's user model with the attributes that django-scim2 adds."""

from django.contrib.auth.models import AbstractUser, UserManager
from django_scim.models import AbstractSCIMUserMixin


class ScimUser(AbstractSCIMUserMixin, AbstractUser):
    """A user with `scim_id`, `scim_external_id` and `scim_username`, but without groups."""

    objects = UserManager()

    @property
    def scim_groups(self):
        """Return the user's groups: an empty query set."""
        return type(self).objects.none()
