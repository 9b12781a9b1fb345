"""Logging in and out, and passwords: one log-in page for all, one-time links for new people.

Security-relevant acts go to the log "portal.security" without personal data: people by their number
in the database, clients by the salted hash of their address.
"""

import logging
from typing import Any

from axes.signals import user_locked_out
from django import forms
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm as DjangoPasswordChangeForm
from django.contrib.auth.forms import SetPasswordForm as DjangoSetPasswordForm
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.encoding import force_bytes
from django.utils.http import (
    url_has_allowed_host_and_scheme,
    urlsafe_base64_decode,
    urlsafe_base64_encode,
)
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from cluster_portal.shared import policy
from cluster_portal.shared.csrf import CSRF_FAILED, keeps_typed, require_safe
from cluster_portal.shared.forms import PortalFormMixin
from cluster_portal.shared.limits import client_key
from cluster_portal.shared.models import User
from cluster_portal.shared.text import clean_text

security_log = logging.getLogger("portal.security")

# Longer addresses than ours ever are; Django refuses to redirect to very long ones.
LONGEST_NEXT = 1000


class LoginForm(PortalFormMixin, forms.Form):
    """E-mail and password; once it is valid, `user` is who they belong to."""

    username = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "dir": "ltr"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "dir": "ltr"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean_username(self) -> str:
        # One spelling for all, so that the throttle counts every way of writing an address as one.
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any] | None:
        super().clean()
        if not self.errors:
            self.user = auth.authenticate(
                self.request,
                username=self.cleaned_data["username"],
                password=self.cleaned_data["password"],
            )
            if self.user is None:
                raise ValidationError(
                    _("The e-mail or the password is not right. Please check both and try again."),
                    code="invalid_login",
                )
        return self.cleaned_data


class PasswordSetForm(DjangoSetPasswordForm):
    """A new password, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_left_to_right(self)


class PasswordChangeForm(DjangoPasswordChangeForm):
    """The old password, then a new one, typed twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_left_to_right(self)


def set_left_to_right(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.widget.attrs["dir"] = "ltr"


def safe_next(request: HttpRequest) -> str:
    """Return where the request asks to be led afterwards, if that is on this site; or nothing."""
    asked = clean_text(request.POST.get("next") or request.GET.get("next") or "")
    # A bare word would be taken for the name of a view.
    if not asked.startswith(("/", "http")):
        return ""
    if len(asked) <= LONGEST_NEXT and url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return asked
    return ""


@keeps_typed
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The one log-in page: of the desk, of the admin, of everybody."""
    next_url = safe_next(request)
    status = 200
    if request.method == "POST" and request.csrf_failed:  # type: ignore[attr-defined]
        typed = clean_text(request.POST.get("username", ""))[:254]
        form = LoginForm(request, initial={"username": typed})
        messages.warning(request, CSRF_FAILED)
        status = 403
    elif request.method == "POST":
        form = LoginForm(request, request.POST)
        if form.is_valid():
            auth.login(request, form.user)
            return HttpResponseRedirect(next_url or reverse("after_login"))
    elif request.user.is_authenticated and not next_url:
        return redirect("after_login")
    else:
        # Who is logged in and was sent here all the same may log in as somebody else.
        form = LoginForm(request)
    return render(
        request, "registration/login.html", {"form": form, "next": next_url}, status=status
    )


@never_cache
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("front:home")


@never_cache
@require_safe
@login_required
def after_login(request: HttpRequest) -> HttpResponse:
    """Lead people to where they work: staff to the admin, coordinators to the desk."""
    return redirect("admin:index" if policy.is_staff(request.user) else "forums:desk_home")


def invitation_link(user: User) -> str:
    """Return the full address of a link by which `user` sets a password, once, within a day."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_set", kwargs={"uidb64": uid, "token": token})
    return f"{settings.SITE_URL}{path}"


def user_of_link(uidb64: str, token: str) -> User | None:
    """Return whose one-time link this is; None if it is forged, used, too old or of no use."""
    try:
        pk = int(urlsafe_base64_decode(uidb64))
        user = get_user_model()._default_manager.get(pk=pk, is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    return user if default_token_generator.check_token(user, token) else None


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_set(request: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """Set a password by a one-time link; opening the link alone uses nothing up."""
    user = user_of_link(uidb64, token)
    if user is None:
        return render(request, "registration/password_link_dead.html", status=404)
    form = PasswordSetForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.save()
        security_log.info("password set: user=%s client=%s", user.pk, client_key(request))
        messages.success(request, _("Your password is set. You can log in with it now."))
        return redirect("login")
    return render(request, "registration/password_set.html", {"form": form, "account": user})


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def password_change(request: HttpRequest) -> HttpResponse:
    form = PasswordChangeForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        # This session goes on; every other of theirs has ended.
        auth.update_session_auth_hash(request, user)
        security_log.info("password changed: user=%s client=%s", user.pk, client_key(request))
        messages.success(request, _("Your password was changed."))
        return redirect("after_login")
    return render(request, "registration/password_change.html", {"form": form})


def locked_out(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Answer for django-axes (AXES_LOCKOUT_CALLABLE) when too many log-ins went wrong."""
    answer = render(request, "429.html", status=429)
    answer.headers["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME * 60 * 60))
    add_never_cache_headers(answer)
    return answer


@receiver(user_logged_in)
def log_login(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    security_log.info("login: user=%s client=%s", user.pk, client_key(request))


@receiver(user_logged_out)
def log_logout(sender: object, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        security_log.info("logout: user=%s client=%s", user.pk, client_key(request))


@receiver(user_login_failed)
def log_failure(sender: object, request: HttpRequest | None = None, **kwargs: Any) -> None:
    security_log.warning("login failed: client=%s", client_key(request) if request else "-")


@receiver(user_locked_out)
def log_lock(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    security_log.warning("login locked: client=%s", client_key(request))
