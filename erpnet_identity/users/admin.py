"""Accounts in Django admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from erpnet_identity.audit.model_admin import CappedPaginator, TracedAdmin, minute_column

from . import services
from .forms import NewUserForm, SetPasswordForm, UserForm
from .models import MAY_SIGN_IN, User, UserType

SHOWN_APPLICATIONS = 20
SHOWN_LOGINS = 20


class LockedFilter(admin.SimpleListFilter):
    """Locked by too many failed sign-ins, now."""

    title = "lock"
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Locked now"), ("failed", "Failed sign-ins")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "yes":
                return queryset.filter(lockout_end__gt=timezone.now())
            case "failed":
                return queryset.filter(Q(access_failed_count__gt=0) | Q(lockout_end__gt=timezone.now()))
        return queryset


class TypeFilter(admin.SimpleListFilter):
    """One documented type of account."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(member.label, member.label) for member in UserType]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        try:
            return queryset.filter(user_type=UserType.from_name(self.value() or ""))
        except ValueError:
            return queryset


@admin.register(User)
class UserAdmin(TracedAdmin):
    """Accounts. They are deactivated and never deleted, because the trace and the data name them."""

    add_title = "Create an account"
    form = UserForm
    list_display = ["account", "type_shown", "state", "is_admin_shown", "email", "locale", "created_shown"]
    list_display_links = ["account"]
    list_filter = [TypeFilter, "is_active", "is_admin", LockedFilter]
    list_per_page = 50
    list_max_show_all = 50
    paginator = CappedPaginator
    ordering = ["login"]
    search_fields = ["folded_login__contains", "folded_name__contains", "folded_email__contains"]
    search_help_text = "Login, name or e-mail."
    readonly_fields = ["sign_in_state", "created_shown", "runs", "former"]

    # ── columns ───────────────────────────────────────────────────────────────────────────────────────

    @admin.display(description="account", ordering="login")
    def account(self, user: User) -> SafeString:
        return format_html('<span class="erp-app-name">{}</span><code class="erp-id">{}</code>', user.name, user.login)

    @admin.display(description="type", ordering="user_type")
    def type_shown(self, user: User) -> str:
        return user.type_name

    @admin.display(description="state", ordering="is_active")
    def state(self, user: User) -> SafeString:
        kind, text = "good", "Active"
        if not user.is_active:
            kind, text = "bad", "Inactive"
        elif user.is_locked(timezone.now()):
            kind, text = "warn", "Locked"
        return format_html('<span class="erp-badge erp-badge-{}">{}</span>', kind, text)

    @admin.display(description="administrator", ordering="is_admin")
    def is_admin_shown(self, user: User) -> str:
        return "Administrator" if user.is_admin else "—"

    created_shown = minute_column("created", "created (UTC)", ordering="created")

    @admin.display(description="Sign-in")
    def sign_in_state(self, user: User) -> str:
        """Whether and how the account can sign in now."""
        if not user.may_sign_in:
            return "cannot sign in"
        if user.is_locked(timezone.now()):
            return f"locked until {user.lockout_end:%Y-%m-%d %H:%M} UTC"
        password = "with a password" if user.has_usable_password() else "has no password yet"
        failures = f"; {user.access_failed_count} failed attempts" if user.access_failed_count else ""
        return password + failures

    @admin.display(description="Applications that run as it")
    def runs(self, user: User) -> SafeString | str:
        """Deactivating the account stops these."""
        applications = list(user.runs_applications.all()[:SHOWN_APPLICATIONS])  # type: ignore[attr-defined, unused-ignore]
        if not applications:
            return "none"
        return format_html(
            "<ul>{}</ul>",
            format_html_join(
                "", '<li><a href="{}">{}</a></li>', ((row.get_absolute_url(), row.name) for row in applications)
            ),
        )

    @admin.display(description="Former logins")
    def former(self, user: User) -> str:
        """The logins that no other account can have any more (OP-112)."""
        logins = user.former_logins.order_by("-when").values_list("login", flat=True)[:SHOWN_LOGINS]  # type: ignore[attr-defined, unused-ignore]
        return ", ".join(logins) or "none"

    # ── form ──────────────────────────────────────────────────────────────────────────────────────────

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        identity = ("The account", {"fields": ["login", "name", "email", "email_confirmed", "locale"]})
        rights = ("What it may do", {"fields": ["user_type", "is_admin", "is_active"]})
        if obj is None:
            return [identity, rights, ("Password", {"fields": ["password1", "password2"]})]
        return [identity, rights, ("State", {"fields": ["sign_in_state", "former", "runs", "created_shown"]})]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        base = UserForm if obj is not None else NewUserForm
        # The names of the fields stand in the class; those of the page include what is only shown.
        kwargs["fields"] = UserForm.Meta.fields
        form: Any = super().get_form(request, obj, change, form=base, **kwargs)
        form.acting_user = request.user
        return form

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        return super().add_view(request, form_url, {"title": self.add_title, **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        user = self.get_object(request, unquote(object_id))
        context = {}
        if user is not None:
            context = {
                "title": user.name,
                "subtitle": None,
                "is_locked": user.is_locked(timezone.now()) or bool(user.access_failed_count),
                "may_have_password": user.user_type in MAY_SIGN_IN,
            }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing in an address fills in a form that creates accounts."""
        return {}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context.update(show_save_and_add_another=False, show_save_and_continue=False)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Store through the service, so that the trace is the same as from anywhere else."""
        actor = services.actor_for(request.user)
        if change:
            changed = services.save_user(obj, actor=actor)
            text = f"Saved. Changed: {', '.join(changed).replace('_', ' ')}." if changed else "Nothing was changed."
        else:
            obj.set_password(form.cleaned_data.get("password1") or None)
            services.save_user(obj, actor=actor)
            text = f"The account {obj.login} was created."
        self.message_user(request, text, messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return HttpResponseRedirect(_page_of(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(_page_of(obj))

    # ── further pages ─────────────────────────────────────────────────────────────────────────────────

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/password/", wrap(self.password_view), name="users_user_password"),
            path("<path:object_id>/unlock/", wrap(self.unlock_view), name="users_user_unlock"),
            *super().get_urls(),
        ]

    def _user_or_404(self, request: HttpRequest, object_id: str) -> User:
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        return user

    @method_decorator([sensitive_post_parameters(), csrf_protect, require_http_methods(["GET", "HEAD", "POST"])])
    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Set a new password for another user (ID-193). The own one is changed where the old one is asked for."""
        user = self._user_or_404(request, object_id)
        if user.pk == request.user.pk:
            return HttpResponseRedirect(reverse("identity:password-change"))
        if user.user_type not in MAY_SIGN_IN:
            self.message_user(request, "This type of account cannot sign in.", messages.ERROR)
            return HttpResponseRedirect(_page_of(user))
        form = SetPasswordForm(user, request.POST or None)
        if request.method == "POST" and form.is_valid():
            user.set_password(form.cleaned_data["password1"])
            services.save_user(user, actor=services.actor_for(request.user), password_changed=True)
            self.message_user(request, f"{user.login} has a new password.", messages.SUCCESS)
            return HttpResponseRedirect(_page_of(user))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Set a password for {user.login}",
            "form": form,
            "account": user,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/users/user/set_password.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @method_decorator([csrf_protect, require_POST])
    def unlock_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """End a lock that guessing has caused (ID-191)."""
        user = self._user_or_404(request, object_id)
        if services.unlock_user(user, actor=services.actor_for(request.user)):
            self.message_user(request, f"{user.login} can sign in again.", messages.SUCCESS)
        else:
            self.message_user(request, f"{user.login} was not locked.", messages.INFO)
        return HttpResponseRedirect(_page_of(user))


def _page_of(user: User) -> str:
    return reverse("admin:users_user_change", args=[user.pk])
