"""People who log in."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import policy
from cluster_portal.shared.policy import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return a user who logs in with `email`; no password means none works."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create and return an administrator; the name is what Django's command calls."""
        return self.create_user(email, password, role=Role.ADMINISTRATOR, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Somebody who logs in: a forum coordinator, an editor or an administrator.

    The role is one field and the policy module reads it. There are no groups, no permission rows
    and no superuser flag, so there is nothing else through which a right could leak.
    """

    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(
        _("name"),
        max_length=120,
        help_text=_("As colleagues see it, and the public beside a forum."),
    )
    role = models.CharField(
        _("role"),
        max_length=20,
        choices=Role,
        default=Role.COORDINATOR,
        help_text=_(
            "A coordinator writes at the desk for the forums given to them; an editor edits all "
            "content; an administrator also manages people and settings."
        ),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Untick this instead of deleting a person.")
    )
    date_joined = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("display_name", "email")
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="shared_user_email_any_case",
                violation_error_message=_("There is already a user with this e-mail address."),
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="shared_user_known_role"
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def get_short_name(self) -> str:
        return str(self)

    def get_full_name(self) -> str:
        return str(self)

    @property
    def is_staff(self) -> bool:
        return policy.is_staff(self)

    # Django's own permission questions, for libraries that ask them: staff or nothing. The admin
    # of this project asks the policy itself.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.role == Role.ADMINISTRATOR

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return policy.is_staff(self)
