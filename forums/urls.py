"""The work of the forums: public pages, the form to propose an initiative, the desk."""

from django.urls import include, path

from forums import desk, handbook, proposals, views

app_name = "forums"

desk_urls = [
    path("", desk.desk_home, name="desk_home"),
    path("handbook/", handbook.desk_handbook, name="desk_handbook"),
    path("<slug:forum_slug>/new/", desk.update_create, name="desk_update_create"),
    path("updates/<int:pk>/", desk.update_edit, name="desk_update_edit"),
    path(
        "<slug:forum_slug>/new/working-copy/",
        desk.new_working_copy,
        name="desk_new_working_copy",
    ),
    path(
        "updates/<int:pk>/working-copy/",
        desk.update_working_copy,
        name="desk_update_working_copy",
    ),
    path("updates/<int:pk>/duplicate/", desk.update_duplicate, name="desk_update_duplicate"),
    path(
        "updates/<int:pk>/preview-links/",
        desk.preview_link_create,
        name="desk_preview_link_create",
    ),
    path(
        "updates/<int:pk>/preview-links/revoke/",
        desk.preview_link_revoke,
        name="desk_preview_link_revoke",
    ),
    path("updates/<int:pk>/withdraw/", desk.update_withdraw, name="desk_update_withdraw"),
    path(
        "updates/<int:pk>/change/withdraw/", desk.revision_withdraw, name="desk_revision_withdraw"
    ),
]

urlpatterns = [
    path("forums/", views.forum_list, name="forum_list"),
    path("forums/<slug:slug>/", views.forum_detail, name="forum_detail"),
    path("forums/<slug:forum_slug>/updates/<int:pk>/", views.update_detail, name="update_detail"),
    path("updates/", views.update_list, name="update_list"),
    path("updates/<int:year>/", views.update_list, name="update_year"),
    path("milestones/", views.milestone_list, name="milestone_list"),
    path("incubator/", views.incubator, name="incubator"),
    path("incubator/propose/", proposals.proposal_create, name="proposal_create"),
    path("incubator/initiatives/<int:pk>/", views.initiative_detail, name="initiative_detail"),
    path("media/proposals/<int:pk>/", proposals.proposal_attachment, name="proposal_attachment"),
    path("desk/", include(desk_urls)),
]
