"""The names by which allauth finds pages, where it sends a browser by itself. The pages are those of ``urls``."""

from django.urls import path

from .views.password import PasswordResetView
from .views.signin import SignInView

urlpatterns = [
    path("signin", SignInView.as_view(), name="account_login"),
    path("signin", SignInView.as_view(), name="account_inactive"),
    path("password/reset", PasswordResetView.as_view(), name="account_reset_password"),
]
