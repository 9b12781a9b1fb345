"""Pages that gather from the apps; free pages come last, since they take any single word."""

from django.urls import path

from cluster_portal.front import contact, views

app_name = "front"

urlpatterns = [
    path("", views.home, name="home"),
    path("contact/", contact.contact, name="contact"),
    path("submissions/", contact.submission_status, name="submission_status"),
    path(
        "submissions/<str:reference>/",
        contact.submission_status_of,
        name="submission_status_of",
    ),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("privacy/", views.page_detail, {"slug": "privacy"}, name="privacy"),
    path("foi/", views.page_detail, {"slug": "foi"}, name="foi"),
    path("sitemap/", views.sitemap_page, name="sitemap_page"),
    path("sitemap.xml", views.sitemap_xml, name="sitemap_xml"),
    path("robots.txt", views.robots_txt, name="robots_txt"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("<slug:slug>/", views.page_detail, name="page_detail"),
]
