"""The pages of a person's account at the Identity Server."""

from django.urls import path, re_path

from .views import account, password
from .views.signin import SignInView

app_name = "identity"

urlpatterns = [
    path("", account.home, name="home"),
    path("signin", SignInView.as_view(), name="signin"),
    path("account", account.select_account, name="select-account"),
    path("password/reset", password.PasswordResetView.as_view(), name="password-reset"),
    path("password/reset/sent", password.reset_sent, name="password-reset-sent"),
    path("password/reset/done", password.reset_done, name="password-reset-done"),
    re_path(
        r"^password/reset/(?P<uidb36>[0-9a-f]{32})-(?P<key>[0-9A-Za-z-]{1,100})$",
        password.PasswordResetKeyView.as_view(),
        name="password-reset-key",
    ),
    path("password/change", password.PasswordChangeView.as_view(), name="password-change"),
    path("password/changed", password.changed, name="password-changed"),
]
