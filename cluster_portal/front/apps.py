from django.apps import AppConfig


class FrontConfig(AppConfig):
    name = "cluster_portal.front"
    label = "front"
