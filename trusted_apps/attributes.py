"""One table of a record's attributes: column, ERP.net's name and the manifest key (TA-10 to TA-29, TK-103, MF)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    """``field`` is the column, ``erp_name`` the documented attribute, ``key`` its name in the manifest."""

    field: str
    erp_name: str
    key: str


ATTRIBUTES = (
    Attribute("client_id", "ApplicationUri", "application_uri"),
    Attribute("name", "Name", "name"),
    Attribute("owner", "Owner", "owner"),
    Attribute("is_verified", "IsVerified", "is_verified"),
    Attribute("client_type", "ClientType", "client_type"),
    Attribute("redirect_uris", "ImpersonateLoginUrl", "impersonate_login_url"),
    Attribute("post_logout_redirect_uris", "ImpersonateLogoutUrl", "impersonate_logout_url"),
    Attribute("allows_internal_users", "ImpersonateAsInternalUserAllowed", "impersonate_as_internal_user_allowed"),
    Attribute("allows_community_users", "ImpersonateAsCommunityUserAllowed", "impersonate_as_community_user_allowed"),
    Attribute("is_first_party", "IsFirstParty", "is_first_party"),
    Attribute("allows_service", "SystemUserAllowed", "system_user_allowed"),
    Attribute("system_user", "SystemUser", "system_user"),
    Attribute("scope", "Scope", "scope"),
    Attribute("reference_tokens", "AccessTokens", "access_tokens"),
    Attribute("allows_basic_authentication", "BasicAuthenticationAllowed", "basic_authentication_allowed"),
    Attribute("identity_scopes_imply_access", "IdentityScopesImplyAccess", "identity_scopes_imply_access"),
    Attribute("slot_limit", "LicenseSlotLimit", "license_slot_limit"),
    Attribute("is_enabled", "IsEnabled", "is_enabled"),
    Attribute("notes", "Notes", "notes"),
    Attribute("system_user_login_url", "SystemUserLoginUrl", "system_user_login_url"),
)

ERP_NAMES = {attribute.field: attribute.erp_name for attribute in ATTRIBUTES}
FIELDS = tuple(attribute.field for attribute in ATTRIBUTES)
