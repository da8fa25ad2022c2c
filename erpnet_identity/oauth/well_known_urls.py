"""The address that RFC 8414 gives the metadata of an issuer with a path (ID-16)."""

from django.urls import path

from .views import discovery

urlpatterns = [path(".well-known/oauth-authorization-server/id", discovery.discovery)]
