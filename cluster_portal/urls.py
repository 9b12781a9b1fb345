"""The map of the site: one include per app, in the order of the menu."""

from django.urls import include, path

from cluster_portal.shared import accounts, media, previews
from cluster_portal.shared.admin import site as admin_site

accounts_urls = [
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("welcome/", accounts.after_login, name="after_login"),
    path("set-password/<uidb64>/<token>/", accounts.password_set, name="password_set"),
    path("password/", accounts.password_change, name="password_change"),
]

media_urls = [
    path("photos/<int:pk>/<int:width>.<str:suffix>", media.photo, name="photo"),
    path("documents/<int:pk>/<str:name>", media.document, name="document"),
]

preview_urls = [
    path("thing/<str:kind>/<int:pk>/", previews.thing_page, name="preview_thing"),
    path(
        "thing/<str:kind>/<int:pk>/file/media/<path:file_path>",
        previews.thing_page,
        name="preview_thing_file",
    ),
    path("revision/<int:pk>/", previews.revision_page, name="preview_revision"),
    path(
        "revision/<int:pk>/file/media/<path:file_path>",
        previews.revision_page,
        name="preview_revision_file",
    ),
    path("<str:token>/", previews.link_page, name="preview_link"),
    path("<str:token>/file/media/<path:file_path>", previews.link_page, name="preview_link_file"),
]

urlpatterns = [
    path("", include("members.urls")),
    path("", include("forums.urls")),
    path("", include("events.urls")),
    path("accounts/", include(accounts_urls)),
    path("media/", include(media_urls)),
    path("preview/", include(preview_urls)),
    path("admin/", admin_site.urls),
    path("", include("cluster_portal.front.urls")),
]

handler400 = "cluster_portal.front.views.bad_request"
handler403 = "cluster_portal.front.views.permission_denied"
handler404 = "cluster_portal.front.views.page_not_found"
handler500 = "cluster_portal.front.views.server_error"
