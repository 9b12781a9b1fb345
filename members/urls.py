"""Who the cluster is."""

from django.urls import path

from members import views

app_name = "members"

urlpatterns = [
    path("about/", views.story, name="story"),
    path("members/", views.municipality_list, name="municipality_list"),
    path("members/<slug:slug>/", views.municipality_detail, name="municipality_detail"),
    path("goals/", views.goal_list, name="goal_list"),
    path("related/", views.related_list, name="related_list"),
]
