"""Accounts."""

import factory

from erpnet_identity.users.models import User, UserType


class UserFactory(factory.django.DjangoModelFactory):
    """An internal user without a password; ``password="…"`` gives one."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    login = factory.Sequence(lambda number: f"user{number}")
    name = factory.LazyAttribute(lambda user: user.login.title())
    user_type = UserType.INTERNAL

    class Params:
        admin = factory.Trait(is_admin=True)
        system = factory.Trait(user_type=UserType.SYSTEM)
        community = factory.Trait(user_type=UserType.COMMUNITY)

    @classmethod
    def _create(cls, model_class, *args, password=None, **kwargs):
        user = model_class(*args, **kwargs)
        user.set_password(password)
        user.save()
        return user
