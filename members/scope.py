"""Which things of who the cluster is are kept in history, with their parts."""

from cluster_portal.shared import history
from members.models import Goal, Municipality, RelatedBody, StoryChapter

history.register(Municipality, parts=("facts", "localities"))
history.register(Goal)
history.register(StoryChapter)
history.register(RelatedBody, parts=("office_holders",))
