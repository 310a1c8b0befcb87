"""The app, for INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig


class VerkConfig(AppConfig):
    """Brings the command `manage.py verk`."""

    name = "verk_actors.contrib.django"
    label = "verk"
    verbose_name = "verk_actors"
