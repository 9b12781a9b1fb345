"""Proof that the matrix bites: each guard is broken in turn, and the tests on its rows turn red.

python -m tests.matrix.mutants [words]

Works in copies of the tree, never in the tree itself, two at a time. With words, it tries only the
breakages whose file or tests contain one of them. First the tests must be green with nothing
broken. Prints the survivors; the exit code is 1 if there are any.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".venv", ".git", "var", "node_modules", ".mypy_cache", ".ruff_cache", ".hypothesis")
AT_ONCE = 2


class Mutant(NamedTuple):
    """A deliberate breakage: in `file`, `old` becomes `new`.

    `guard` says which tests must notice: rows of the matrix, as patterns of addresses parted by
    spaces, or a test file and after a space an expression of test names.
    """

    file: str
    old: str
    new: str
    guard: str


def rows(patterns: str) -> str:
    return f"rows {patterns}"


SHARED = "cluster_portal/shared"
SWEEPS, ADMIN, LEAKS = (
    "tests/matrix/test_sweeps.py",
    "tests/matrix/test_admin.py",
    "tests/test_leaks.py",
)
LEAK = f"{LEAKS} no_unpublished_word"
POLICY, PUBLISHING, MEDIA = f"{SHARED}/policy.py", f"{SHARED}/publishing.py", f"{SHARED}/media.py"
ATTACHMENTS, PREVIEWS = f"{SHARED}/attachments.py", f"{SHARED}/previews.py"
SITE, MODEL_ADMIN = f"{SHARED}/admin_site.py", f"{SHARED}/model_admin.py"
DETAIL = "forums/<slug:forum_slug>/updates/*"
USERS, LETTERS = "admin/shared/user/*", "admin/shared/outboxmessage/*"

MUTANTS: list[Mutant] = [
    # The policy
    Mutant(
        POLICY,
        "    if not (user.is_authenticated and user.is_active):\n        return False\n    kind =",
        "    if not user.is_authenticated:\n        return True\n    kind =",
        rows("media/proposals*"),
    ),
    Mutant(POLICY, "if kind in _read_only and action in WRITING:", "if False:", rows(LETTERS)),
    Mutant(POLICY, "return kind not in _administrators_only", "return True", rows(USERS)),
    Mutant(
        POLICY,
        "or kind not in _forum_ids_of_thing:\n        return False",
        "or kind not in _forum_ids_of_thing:\n        return True",
        rows("preview/thing/*pk>/"),
    ),
    Mutant(
        POLICY,
        "return allowed and bool(forum_ids(user).intersection(_forum_ids_of_thing[kind](thing)))",
        "return allowed",
        rows("preview/thing/*pk>/"),
    ),
    Mutant(
        POLICY,
        "allowed = kind in _is_trusted and _is_trusted[kind](thing)",
        "allowed = True",
        f"{SWEEPS} not_trusted",
    ),
    Mutant(
        POLICY,
        "return bool(user.is_authenticated and user.is_active and user.role in STAFF_ROLES)",
        "return bool(user.is_authenticated and user.is_active)",
        rows("admin/"),
    ),
    Mutant(
        POLICY,
        "COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.ADD, Action.CHANGE})",
        "COORDINATOR_ACTIONS = frozenset({Action.ADD, Action.CHANGE})",
        rows("preview/thing/*pk>/"),
    ),
    Mutant(
        POLICY,
        "COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.ADD, Action.CHANGE})",
        "COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.CHANGE})",
        rows("desk/<slug:forum_slug>/new/"),
    ),
    Mutant(
        POLICY,
        "COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.ADD, Action.CHANGE})",
        "COORDINATOR_ACTIONS = frozenset({Action.VIEW, Action.ADD})",
        rows("desk/updates/<int:pk>/"),
    ),
    # What is registered with the policy
    Mutant(
        f"{SHARED}/scope.py",
        "policy.register_administrators_only(\n    User, SiteSettings,",
        "policy.register_administrators_only(\n    SiteSettings,",
        rows(USERS),
    ),
    Mutant(
        f"{SHARED}/scope.py",
        "policy.register_administrators_only(\n    User, SiteSettings,",
        "policy.register_administrators_only(\n    User,",
        rows("admin/shared/sitesettings/*"),
    ),
    Mutant(
        f"{SHARED}/scope.py",
        "policy.register_read_only(OutboxMessage,",
        "policy.register_read_only(",
        rows(LETTERS),
    ),
    Mutant(
        "forums/scope.py",
        "policy.register_administrators_only(Coordinator)",
        "",
        f"{SWEEPS} gives_nobody",
    ),
    Mutant(
        "forums/scope.py",
        "    ForumUpdate,\n    lambda update: {update.forum_id},",
        '    ForumUpdate,\n    lambda update: Forum.objects.values_list("pk", flat=True),',
        rows("preview/thing/*pk>/"),
    ),
    Mutant(
        "forums/scope.py",
        "is_trusted=lambda update: update.forum.is_trusted",
        "is_trusted=lambda update: True",
        f"{SWEEPS} not_trusted",
    ),
    Mutant(
        "forums/scope.py",
        "    Photo,\n    public=ForumUpdate.objects.published,",
        "    Photo,\n    public=ForumUpdate.objects.all,",
        rows("media/photos*"),
    ),
    Mutant(
        "forums/scope.py",
        "    Document,\n    public=ForumUpdate.objects.published,",
        "    Document,\n    public=ForumUpdate.objects.all,",
        rows("media/documents*"),
    ),
    Mutant(
        "events/scope.py",
        "    Photo,\n    public=Event.objects.published,",
        "    Photo,\n    public=Event.objects.all,",
        rows("media/photos*"),
    ),
    Mutant(
        "events/scope.py",
        "    Document,\n    public=Event.objects.published,",
        "    Document,\n    public=Event.objects.all,",
        rows("media/documents*"),
    ),
    # Who coordinates what, today
    Mutant(
        "forums/querysets.py",
        "            Q(coordinators__ends_on__isnull=True) | Q(coordinators__ends_on__gte=day),\n",
        "",
        rows("desk/<slug:forum_slug>/new/"),
    ),
    Mutant(
        "forums/querysets.py",
        "            coordinators__user=user,\n",
        "",
        rows("desk/<slug:forum_slug>/new/"),
    ),
    # What is public
    Mutant(PUBLISHING, "            publish_at__lte=at,\n", "", rows(DETAIL)),
    Mutant(
        PUBLISHING,
        "            Q(expire_at__isnull=True) | Q(expire_at__gt=at),\n",
        "",
        rows(DETAIL),
    ),
    Mutant(PUBLISHING, "            state=PublicationState.PUBLISHED,\n", "", rows(DETAIL)),
    Mutant(
        "forums/views.py",
        'ForumUpdate.objects.published().select_related("forum"), pk=pk',
        'ForumUpdate.objects.select_related("forum"), pk=pk',
        rows(DETAIL),
    ),
    Mutant(
        "forums/views.py",
        'Initiative.objects.published().select_related("kind", "forum"), pk=pk',
        'Initiative.objects.select_related("kind", "forum"), pk=pk',
        rows("incubator/initiatives/*"),
    ),
    Mutant(
        "forums/views.py",
        "forum.updates.published()",
        "forum.updates",
        rows("forums/<slug:slug>/"),
    ),
    Mutant(
        "forums/views.py",
        "published = ForumUpdate.objects.published()",
        "published = ForumUpdate.objects.all()",
        rows("updates/"),
    ),
    Mutant(
        "forums/views.py",
        "Initiative.objects.published().for_lists()",
        "Initiative.objects.for_lists()",
        rows("incubator/"),
    ),
    Mutant(
        "events/views.py",
        'Event.objects.published().select_related("municipality", "forum", "source"), slug=slug',
        'Event.objects.select_related("municipality", "forum", "source"), slug=slug',
        rows("events/<slug:slug>/"),
    ),
    Mutant(
        "events/views.py",
        'events = Event.objects.published().select_related("municipality")',
        'events = Event.objects.select_related("municipality")',
        rows("events/"),
    ),
    Mutant(
        "events/views.py",
        "if recording.is_released and Event",
        "if Event",
        rows("media/recordings*"),
    ),
    Mutant(
        "events/views.py",
        "if recording.is_released and Event.objects.published().filter(",
        "if recording.is_released and Event.objects.filter(",
        rows("media/recordings*"),
    ),
    Mutant(
        "events/views.py",
        "if not policy.may(request.user, policy.Action.VIEW, recording):",
        "if False:",
        rows("media/recordings*"),
    ),
    Mutant(
        "cluster_portal/front/views.py",
        "get_object_or_404(Page.objects.published(), slug=slug)",
        "get_object_or_404(Page, slug=slug)",
        rows("<slug:slug>/"),
    ),
    Mutant(
        "cluster_portal/front/views.py",
        'events = Event.objects.published().select_related("municipality")',
        'events = Event.objects.select_related("municipality")',
        "tests/matrix/test_models.py public_code",
    ),
    Mutant(
        "cluster_portal/front/views.py",
        "ForumUpdate.objects.published().for_lists().newest_first()[: site",
        "ForumUpdate.objects.for_lists().newest_first()[: site",
        "tests/matrix/test_models.py public_code",
    ),
    Mutant(
        "cluster_portal/front/views.py",
        '"updates": ForumUpdate.objects.published()\n            .select_related("forum")',
        '"updates": ForumUpdate.objects\n            .select_related("forum")',
        rows("sitemap/"),
    ),
    Mutant(
        "cluster_portal/front/views.py",
        "Page.objects.published().exclude(",
        "Page.objects.exclude(",
        rows("sitemap/"),
    ),
    Mutant(
        "cluster_portal/front/views.py",
        '"initiatives": Initiative.objects.published()',
        '"initiatives": Initiative.objects',
        rows("sitemap/"),
    ),
    Mutant(
        "cluster_portal/front/views.py",
        '"events": Event.objects.published()',
        '"events": Event.objects',
        rows("sitemap/"),
    ),
    Mutant(
        "members/views.py",
        "StoryChapter.objects.published()",
        "StoryChapter.objects",
        rows("about/"),
    ),
    Mutant(
        "members/views.py",
        "municipality.updates.published()",
        "municipality.updates",
        "tests/matrix/test_models.py public_code or tests/members/test_municipality_detail.py",
    ),
    Mutant(
        "members/querysets.py",
        "municipality.story_chapters.published()",
        "municipality.story_chapters.all()",
        "tests/matrix/test_models.py public_code",
    ),
    Mutant(
        "members/querysets.py",
        "municipality.events.published()",
        "municipality.events.all()",
        "tests/matrix/test_models.py public_code",
    ),
    Mutant(
        "events/querysets.py",
        "self.filter(event__in=event.objects.published())",
        "self.all()",
        "tests/members/test_goal_list.py",
    ),
    Mutant(
        "forums/sitemaps.py",
        'ForumUpdate.objects.published().select_related("forum").defer("body")',
        'ForumUpdate.objects.select_related("forum").defer("body")',
        "tests/matrix/test_models.py public_code",
    ),
    Mutant(
        "events/sitemaps.py",
        'Event.objects.published().defer("body")',
        'Event.objects.defer("body")',
        rows("sitemap.xml"),
    ),
    Mutant(
        "cluster_portal/front/sitemaps.py",
        'Page.objects.published().defer("body")',
        'Page.objects.defer("body")',
        rows("sitemap.xml"),
    ),
    # Files
    Mutant(
        ATTACHMENTS,
        "holder.public().filter(**{holder.lookup: attachment}).exists()",
        "holder.everything().filter(**{holder.lookup: attachment}).exists()",
        rows("media/photos*"),
    ),
    Mutant(
        ATTACHMENTS,
        'if policy.is_staff(user) or getattr(attachment, "uploaded_by_id", None) == user.pk:',
        "if user.is_active:",
        rows("media/photos*"),
    ),
    Mutant(ATTACHMENTS, "return links > 1", "return False", f"{SWEEPS} shared_photo"),
    Mutant(
        MEDIA,
        "if not attachments.may_view(request.user, attachment):",
        "if False:",
        rows("media/documents*"),
    ),
    Mutant(
        MEDIA,
        'headers["Cache-Control"] = "private, no-store"',
        'headers["Cache-Control"] = "private"',
        rows("media/documents*"),
    ),
    Mutant(
        "forums/proposals.py",
        "if not policy.may(request.user, policy.Action.VIEW, Proposal):",
        "if False:",
        rows("media/proposals*"),
    ),
    Mutant(
        f"{SHARED}/revisions.py",
        "attachments.register_waiting(waiting_to_show)",
        "",
        f"{LEAKS} change_that_waits",
    ),
    # The desk
    Mutant(
        "forums/desk.py",
        "ForumUpdate.objects.filter(forum__in=forums)",
        "ForumUpdate.objects.all()",
        rows("desk/"),
    ),
    Mutant(
        "forums/desk.py",
        "return Forum.objects.all() if policy.is_staff(user) else "
        "Forum.objects.coordinated_by(user)",
        "return Forum.objects.all()",
        rows("desk/"),
    ),
    Mutant(
        "forums/desk.py",
        "            if not request.user.is_authenticated:\n                if request.method",
        "            if False:\n                if request.method",
        rows("desk/"),
    ),
    Mutant(
        f"{SHARED}/csrf.py",
        "        add_never_cache_headers(response)\n",
        "",
        rows("desk/ desk/handbook/"),
    ),
    Mutant(
        "forums/desk.py",
        'f"desk.once.{request.user.pk}.{forum.pk}"',
        '"desk.once"',
        f"{SWEEPS} form_of_one_forum",
    ),
    Mutant(
        "forums/forms.py",
        'self.salt = f"desk.{self.model.__name__}.{user.pk}.{scope}"',
        'self.salt = f"desk.{self.model.__name__}"',
        f"{SWEEPS} shows_the_file",
    ),
    Mutant(
        "forums/drafts.py",
        "self.needs_approval = self.was_published and not self.may_publish",
        "self.needs_approval = False",
        f"{SWEEPS} approved_text",
    ),
    Mutant(
        "forums/drafts.py",
        "self.may_publish = bool(update.forum_id) and policy.may(",
        "self.may_publish = bool(update.forum_id) or policy.may(",
        f"{SWEEPS} not_trusted",
    ),
    Mutant(
        f"{SHARED}/working_copies.py",
        "    return WorkingCopy.objects.filter(\n        user=user,\n",
        "    return WorkingCopy.objects.filter(\n",
        rows("desk/updates/<int:pk>/"),
    ),
    # Previews
    Mutant(
        PREVIEWS,
        "isinstance(thing, Publishable) or not policy.may(request.user, Action.VIEW, thing):",
        "isinstance(thing, Publishable):",
        rows("preview/thing/*pk>/"),
    ),
    Mutant(
        PREVIEWS,
        "if revision is None or thing is None or not policy.may(request.user, Action.VIEW, thing):",
        "if revision is None or thing is None:",
        rows("preview/revision/*pk>/"),
    ),
    Mutant(
        PREVIEWS,
        "if link.revoked_at is not None or link.expires_at <= timezone.now():",
        "if link.expires_at <= timezone.now():",
        rows("preview/<str:token>/"),
    ),
    Mutant(
        PREVIEWS,
        "if link.revoked_at is not None or link.expires_at <= timezone.now():",
        "if link.revoked_at is not None:",
        rows("preview/<str:token>/"),
    ),
    Mutant(
        PREVIEWS,
        "if history.latest_number(thing) != link.version_number:",
        "if False:",
        rows("preview/<str:token>/"),
    ),
    Mutant(
        PREVIEWS,
        "pk = int(signer.unsign(token))",
        'pk = int(token.partition(".")[0])',
        rows("preview/<str:token>/"),
    ),
    Mutant(
        PREVIEWS,
        '"Cache-Control": "private, no-store",',
        '"Cache-Control": "private",',
        rows("preview/<str:token>/"),
    ),
    # The admin
    Mutant(
        SITE,
        "        return policy.is_staff(request.user)",
        "        return True",
        rows("admin/"),
    ),
    Mutant(
        SITE,
        "return never_cache(csrf_protect(update_wrapper(guarded, view)))",
        "return csrf_protect(update_wrapper(guarded, view))",
        rows("admin/"),
    ),
    Mutant(SITE, "if request.method not in METHODS:", "if False:", rows("admin/")),
    Mutant(
        SITE,
        "            if not request.user.is_authenticated:",
        "            if False:",
        rows("admin/"),
    ),
    Mutant(
        SITE,
        "if not self.admin_site.offers_autocomplete(request, source_field):",
        "if False:",
        f"{ADMIN} search_box",
    ),
    Mutant(SITE, '    "view_on_site",\n', "", "tests/matrix/test_routes.py every_route"),
    Mutant(
        MODEL_ADMIN,
        "    def has_add_permission(self, request: HttpRequest) -> bool:\n"
        "        return self.allows(request, Action.ADD, None)",
        "    def has_add_permission(self, request: HttpRequest) -> bool:\n        return True",
        rows(f"{LETTERS} admin/shared/user/add/"),
    ),
    Mutant(
        MODEL_ADMIN,
        "    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:\n"
        "        return self.allows(request, Action.CHANGE, obj)",
        "    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:\n"
        "        return True",
        rows(LETTERS),
    ),
    Mutant(
        MODEL_ADMIN,
        "return self.allows(request, action, None) and (",
        "return (",
        f"{SWEEPS} gives_nobody",
    ),
    Mutant(
        MODEL_ADMIN,
        "        ) and super().lookup_allowed(lookup, value, request)",
        "        ) or True",
        f"{ADMIN} guesses",
    ),
    Mutant(
        MODEL_ADMIN,
        "        return False\n\n    def get_object(",
        "        return True\n\n    def get_object(",
        rows("admin/shared/sitesettings/*"),
    ),
    Mutant(
        f"{SHARED}/people_admin.py",
        "with the row the record of what they did would go.\n        return False",
        "with the row the record of what they did would go.\n        return True",
        rows(USERS),
    ),
    Mutant(
        f"{SHARED}/people_admin.py",
        "if before == self.asking:",
        "if False:",
        f"{SWEEPS} own_role",
    ),
    Mutant(
        f"{SHARED}/submissions_admin.py",
        "    def has_add_permission(self, request: HttpRequest) -> bool:\n        return False",
        "    def has_add_permission(self, request: HttpRequest) -> bool:\n        return True",
        rows("admin/shared/contactmessage/add/"),
    ),
    Mutant(
        f"{SHARED}/history_admin.py",
        "        if not self.has_view_permission(request):\n"
        "            raise PermissionDenied\n        title",
        "        title",
        rows("admin/shared/sitesettings/bin/"),
    ),
    Mutant(
        f"{SHARED}/accounts.py",
        "@login_required\ndef after_login",
        "def after_login",
        rows("accounts/welcome/"),
    ),
    Mutant(
        f"{SHARED}/accounts.py",
        "@never_cache\n@require_safe\n@login_required\ndef after_login",
        "@require_safe\n@login_required\ndef after_login",
        rows("accounts/welcome/"),
    ),
]


def arguments_of(mutant: Mutant) -> tuple[str, ...]:
    return tuple(command(mutant)[0])


def command(mutant: Mutant) -> tuple[list[str], dict[str, str]]:
    """Return the tests that must notice a breakage, and the environment they need."""
    first, _, rest = mutant.guard.partition(" ")
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line"]
    pytest += ["-p", "no:cacheprovider", "-p", "no:xdist", "--nomigrations"]
    if first == "rows":
        return [*pytest, "tests/matrix/test_routes.py", "-k", "test_route"], {"MATRIX_ROWS": rest}
    if " or tests/" in rest:
        return [*pytest, first, *rest.split(" or ")[1:]], {}
    return [*pytest, first, *(["-k", rest] if rest else [])], {}


def environment_of(more: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "MATRIX_", "PORTAL_"))
    }
    return kept | more | {"PYTHONDONTWRITEBYTECODE": "1", "DATABASE_URL": ""}


def is_green(mutants: list[Mutant], tree: Path) -> bool:
    """Say whether all the guards of `mutants` are green while nothing is broken."""
    patterns = {p for m in mutants if m.guard.startswith("rows ") for p in m.guard.split()[1:]}
    others = {arguments_of(m) for m in mutants if not m.guard.startswith("rows ")}
    runs = [(arguments_of(Mutant("", "", "", "rows x")), {"MATRIX_ROWS": " ".join(patterns)})]
    for arguments, more in [*(runs if patterns else []), *((one, {}) for one in sorted(others))]:
        done = subprocess.run(
            arguments, cwd=tree, env=environment_of(more), capture_output=True, text=True
        )
        if done.returncode:
            print(f"red before anything is broken: {' '.join(arguments[3:])}")
            print(done.stdout[-2000:])
            return False
    return True


def is_noticed(mutant: Mutant, tree: Path) -> bool:
    """Break the copy `tree`, run the tests on that guard, mend it; say whether they turned red."""
    path = tree / mutant.file
    whole = path.read_text()
    path.write_text(whole.replace(mutant.old, mutant.new, 1))
    arguments, more = command(mutant)
    try:
        done = subprocess.run(
            arguments,
            cwd=tree,
            env=environment_of(more),
            capture_output=True,
            text=True,
            timeout=900,
        )
    finally:
        path.write_text(whole)
    # 1: a test failed; 2 to 4: it did not even start, which a reader of the result must know.
    if done.returncode not in {0, 1}:
        print(f"  did not run ({done.returncode}): {done.stdout[-1500:]}{done.stderr[-500:]}")
        return "Error" in done.stdout and done.returncode == 2
    return done.returncode == 1


def is_there(mutant: Mutant) -> bool:
    return (PROJECT / mutant.file).read_text().count(mutant.old) == 1


def main(words: list[str]) -> int:
    wanted = [m for m in MUTANTS if not words or any(w in m.file + m.guard for w in words)]
    gone = [mutant for mutant in wanted if not is_there(mutant)]
    for mutant in gone:
        print(f"gone: {mutant.file}: {mutant.old!r}")
    started = time.monotonic()
    survivors: list[Mutant] = []
    folder = Path(tempfile.mkdtemp(prefix="portal-mutants-"))
    trees: Queue[Path] = Queue()
    try:
        for number in range(AT_ONCE):
            tree = folder / str(number)
            shutil.copytree(PROJECT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
            trees.put(tree)

        if not is_green([m for m in wanted if m not in gone], folder / "0"):
            return 1

        def run(mutant: Mutant) -> None:
            tree = trees.get()
            begun = time.monotonic()
            try:
                noticed = is_noticed(mutant, tree)
            finally:
                trees.put(tree)
            if not noticed:
                survivors.append(mutant)
            verdict = "killed" if noticed else "SURVIVED"
            line = mutant.old.strip().splitlines()[0][:60]
            print(f"{verdict} {time.monotonic() - begun:4.0f} s  {mutant.file}: {line}", flush=True)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(run, [mutant for mutant in wanted if mutant not in gone]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    killed = len(wanted) - len(gone) - len(survivors)
    print(f"{killed} of {len(wanted)} killed in {(time.monotonic() - started) / 60:.1f} minutes")
    for mutant in survivors:
        print(f"survived: {mutant.file}: {mutant.old!r} -> {mutant.new!r} ({mutant.guard})")
    return 1 if survivors or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
