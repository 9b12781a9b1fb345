"""The events and their archives."""

from django.urls import path

from events import views

app_name = "events"

urlpatterns = [
    path("events/", views.event_list, name="event_list"),
    path("events/<slug:slug>/", views.event_detail, name="event_detail"),
    path("media/recordings/<int:pk>/film", views.recording_file, name="recording_file"),
    path(
        "media/recordings/<int:pk>/captions.vtt",
        views.recording_captions,
        name="recording_captions",
    ),
]
