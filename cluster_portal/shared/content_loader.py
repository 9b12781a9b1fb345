"""Fills the site from content files, and never overwrites what staff changed.

A content file is a list of blocks; docs/content.md explains the format to those who write it::

    - model: members.goal
      defaults: {as_of: 2013, source: institute-page}
      rows:
        infrastructure:
          slug: infrastructure
          title: תשתיות

What was loaded is remembered in LoadedRow: which row came from which key, and for every field the
hash of the value as the loader last wrote it. A field whose value still has that hash is the
loader's to change; any other is the staff's.
"""

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import yaml
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.utils import timezone

from cluster_portal.shared.models import LoadedRow, Singleton
from cluster_portal.shared.richtext import RichTextField, markup_to_html
from cluster_portal.shared.text import clean_text

# In place of a hash: a value of the staff's, which no reload may touch.
STAFF = "staff"
BLOCK_PARTS = {"model", "defaults", "rows"}


class ContentError(Exception):
    """A content file is wrong; the text is one line that names the file, the row and the field."""


@dataclass
class Report:
    """How many rows a load made, changed, and left as staff had them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0
    adopted: int = 0
    left_deleted: int = 0


@dataclass
class Row:
    """One row of a content file, its fields not yet understood."""

    file: Path
    model: type[models.Model]
    key: str
    values: dict[str, Any]

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def error(self, problem: str, field_name: str = "") -> ContentError:
        place = f"{short_path(self.file)}: {self.label} {self.key!r}"
        return ContentError(
            " ".join(f"{place}{f', field {field_name!r}' if field_name else ''}: {problem}".split())
        )


def short_path(path: Path) -> str:
    """Return the end of `path` that tells content files apart, such as members/content/a.yaml."""
    return "/".join(path.parts[-3:])


# Reading


class StrictLoader(yaml.SafeLoader):
    """YAML that takes a key written twice for the mistake it is."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_files(folders: Iterable[Path]) -> list[Row]:
    """Return the rows of all ``*.yaml`` files of `folders`: folders in order, files by name.

    Raises ContentError for a file that cannot be read or has another form than told above.
    """
    rows: list[Row] = []
    seen: set[tuple[str, str]] = set()
    for folder in folders:
        for path in sorted(Path(folder).glob("*.yaml")):
            for row in read_file(path):
                if (row.label, row.key) in seen:
                    raise row.error("there is already a row with this key")
                seen.add((row.label, row.key))
                rows.append(row)
    return rows


def read_file(path: Path) -> Iterator[Row]:
    """Yield the rows of one content file; raises ContentError."""
    place = short_path(path)
    try:
        # StrictLoader is a SafeLoader.
        blocks = yaml.load(path.read_text(encoding="utf-8"), StrictLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ContentError(f"{place}{line}: {error.problem or 'not YAML'}") from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ContentError(f"{place}: {' '.join(str(error).split())}") from error
    if not isinstance(blocks, list):
        raise ContentError(f"{place}: a list of blocks is expected, each with a model and rows")
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, dict) or not {"model", "rows"} <= set(block) <= BLOCK_PARTS:
            raise ContentError(f"{place}: block {number} must have a model, rows, maybe defaults")
        try:
            model = apps.get_model(block["model"])
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise ContentError(f"{place}: there is no model {block['model']!r}") from error
        defaults = block.get("defaults", {})
        if not isinstance(defaults, dict) or not isinstance(block["rows"], dict):
            raise ContentError(f"{place}: defaults and rows of block {number} must be mappings")
        for key, values in block["rows"].items():
            row = Row(path, model, str(key), {})
            if not isinstance(key, str) or not isinstance(values, dict):
                raise row.error("a key in letters, and fields under it, are expected")
            row.values = {**defaults, **values}
            yield row


# Understanding


def field_of(row: Row, name: str) -> Any:
    """Return the model's field called `name`; raises ContentError if a file cannot give it."""
    try:
        found = row.model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise row.error("there is no such field", name) from error
    if isinstance(found, models.ManyToManyField):
        through = cast("type[models.Model]", found.remote_field.through)
        if not through._meta.auto_created:
            raise row.error("these links have a model of their own, give its rows", name)
    elif (
        not isinstance(found, models.Field)
        or found.primary_key
        or isinstance(found, models.FileField)
    ):
        raise row.error("a content file cannot give this field", name)
    return found


def plain(db_field: models.Field, value: Any) -> Any:
    """Return `value` in the one form in which values of this field are compared and stored.

    Raises ValidationError for a value that the field cannot take.
    """
    if isinstance(value, list | dict | set):
        raise ValidationError("one value is expected")
    if isinstance(db_field, models.CharField | models.TextField) and value is not None:
        if not isinstance(value, str):
            raise ValidationError(f"a text is expected, put {value} in quotes")
        if isinstance(db_field, RichTextField):
            return markup_to_html(value)
        return clean_text(value).strip()
    if isinstance(db_field, models.BooleanField) and not isinstance(value, bool | None):
        raise ValidationError("true or false is expected")
    if isinstance(value, bool) and not isinstance(db_field, models.BooleanField):
        raise ValidationError("neither true nor false fits here")
    if isinstance(value, float):
        value = str(value)
    value = db_field.to_python(value)
    if isinstance(value, datetime) and timezone.is_naive(value):
        value = timezone.make_aware(value)
    if isinstance(db_field, models.DecimalField) and isinstance(value, Decimal):
        value = value.quantize(Decimal(1).scaleb(-(db_field.decimal_places or 0)))
    return value


def fingerprint(value: Any) -> str:
    """Return a short hash of a value, the same for what is the same in the database."""
    if isinstance(value, datetime):
        value = value.timestamp()
    elif isinstance(value, Decimal | date):
        value = str(value)
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:24]


@dataclass
class Target:
    """What a row's file wants: values by field, links by many-to-many field."""

    values: dict[str, Any] = field(default_factory=dict)
    links: dict[str, list[int]] = field(default_factory=dict)
    # A row that it cannot be without was deleted by staff.
    is_orphan: bool = False

    def hashes(self) -> dict[str, str]:
        return {name: fingerprint(value) for name, value in (self.values | self.links).items()}


class Loader:
    """One load of all files, within one transaction."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.report = Report()
        self.loaded = {(item.model, item.key): item for item in LoadedRow.objects.all()}
        self.known: set[tuple[str, str]] = set()
        self.objects: dict[str, dict[int, models.Model]] = {}
        self.links: dict[tuple[str, str], dict[int, set[int]]] = {}
        self.to_create: list[LoadedRow] = []
        self.to_update: list[LoadedRow] = []

    def run(self) -> Report:
        for model in dict.fromkeys(row.model for row in self.rows):
            self.fetch(model)
        for row in self.rows:
            self.load(row)
            self.known.add((row.label, row.key))
        LoadedRow.objects.bulk_create(self.to_create)
        LoadedRow.objects.bulk_update(self.to_update, ["hashes"])
        return self.report

    def fetch(self, model: type[models.Model]) -> None:
        """Read all loaded rows of a model, and the links that files give, in one query each."""
        label = model._meta.label_lower
        ids = [item.object_id for (of, _key), item in self.loaded.items() if of == label]
        self.objects[label] = model._default_manager.in_bulk(ids)
        for link in model._meta.many_to_many:
            if not any(row.model is model and link.name in row.values for row in self.rows):
                continue
            of_object: dict[int, set[int]] = {}
            through = cast("type[models.Model]", link.remote_field.through)
            for owner, other in through._default_manager.filter(
                **{f"{link.m2m_field_name()}__in": ids}
            ).values_list(f"{link.m2m_field_name()}_id", f"{link.m2m_reverse_field_name()}_id"):
                of_object.setdefault(owner, set()).add(other)
            self.links[label, link.name] = of_object

    def load(self, row: Row) -> None:
        """Make, change or leave one row."""
        target = self.understand(row)
        item = self.loaded.get((row.label, row.key))
        if item is None:
            if target.is_orphan:
                self.report.left_deleted += 1
            elif existing := self.find_existing(row, target):
                self.adopt(row, target, existing)
            else:
                self.create(row, target)
        elif (thing := self.objects[row.label].get(item.object_id)) is None:
            self.report.left_deleted += 1
        else:
            self.refresh(row, target, item, thing)

    # From keys to ids

    def resolve(self, row: Row, name: str, model: type[models.Model], key: Any) -> int | None:
        """Return the id of the row of `model` called `key`; None if staff deleted it."""
        if not isinstance(key, str):
            raise row.error(f"the key of a row of {model._meta.label_lower} is expected", name)
        known = (model._meta.label_lower, key)
        if known not in self.known:
            raise row.error(f"no row {key!r} of {known[0]} stands before it", name)
        item = self.loaded.get(known)
        if item is None or item.object_id not in self.objects[known[0]]:
            return None
        return item.object_id

    def understand(self, row: Row) -> Target:
        """Return what the file wants for `row`; raises ContentError for what makes no sense."""
        target = Target()
        for name, value in row.values.items():
            db_field = field_of(row, name)
            if isinstance(db_field, models.ManyToManyField):
                if not isinstance(value, list):
                    raise row.error("a list of keys is expected", name)
                other = db_field.related_model
                ids = {self.resolve(row, name, other, key) for key in value}
                target.links[name] = sorted(pk for pk in ids if pk is not None)
            elif isinstance(db_field, models.ForeignKey):
                other = db_field.related_model
                pk = None if value is None else self.resolve(row, name, other, value)
                target.values[db_field.attname] = pk
                target.is_orphan |= pk is None and value is not None and not db_field.null
            else:
                try:
                    target.values[name] = plain(db_field, value)
                except (ValidationError, ValueError, TypeError, ArithmeticError) as error:
                    raise row.error(problem_of(error), name) from error
        return target

    # What stands in the database

    def current(self, row: Row, thing: models.Model, target: Target) -> dict[str, str]:
        """Return the hashes of what the database has in the fields that the file gives."""
        values = {name: getattr(thing, name) for name in target.values}
        for name in target.links:
            values[name] = sorted(self.links[row.label, name].get(thing.pk, ()))
        return {name: fingerprint(value) for name, value in values.items()}

    def find_existing(self, row: Row, target: Target) -> models.Model | None:
        """Return a row that the database has already under the same unique value, if any."""
        manager = row.model._default_manager
        if issubclass(row.model, Singleton):
            return manager.filter(pk=1).first()
        unique_sets: list[list[str]] = [
            [f.attname] for f in row.model._meta.concrete_fields if f.unique and not f.primary_key
        ]
        for constraint in row.model._meta.total_unique_constraints:
            unique_sets.append(
                [row.model._meta.get_field(name).attname for name in constraint.fields]
            )
        taken = self.objects[row.label]
        for names in unique_sets:
            if all(target.values.get(name) is not None for name in names):
                found = manager.filter(**{name: target.values[name] for name in names}).first()
                if found is not None and found.pk not in taken:
                    return found
        return None

    # Writing

    def create(self, row: Row, target: Target) -> None:
        thing = row.model(**target.values)
        if isinstance(thing, Singleton):
            thing.pk = 1
        self.check(row, thing)
        thing.save()
        self.set_links(thing, target.links)
        self.remember(row, thing, target.hashes())
        self.report.created += 1

    def adopt(self, row: Row, target: Target, thing: models.Model) -> None:
        """Take note of a row that staff made before; its own values stay the staff's."""
        for name in target.links:
            ids = getattr(thing, name).values_list("pk", flat=True)
            self.links[row.label, name][thing.pk] = set(ids)
        current = self.current(row, thing, target)
        hashes = {
            name: wanted if current[name] == wanted else STAFF
            for name, wanted in target.hashes().items()
        }
        self.remember(row, thing, hashes)
        self.report.adopted += 1

    def refresh(self, row: Row, target: Target, item: LoadedRow, thing: models.Model) -> None:
        """Change in `thing` what the file changed and staff did not."""
        wanted, current = target.hashes(), self.current(row, thing, target)
        hashes, changed, is_kept = dict(item.hashes), [], False
        for name, hash_wanted in wanted.items():
            if current[name] == hash_wanted:
                hashes[name] = hash_wanted
            elif current[name] == hashes.get(name, self.blank_hash(row, name)):
                hashes[name] = hash_wanted
                changed.append(name)
            else:
                is_kept = True
        if changed:
            self.write(row, target, thing, changed)
        if hashes != item.hashes:
            item.hashes = hashes
            self.to_update.append(item)
        self.report.updated += bool(changed)
        self.report.kept += is_kept
        self.report.unchanged += not changed and not is_kept

    def blank_hash(self, row: Row, name: str) -> str:
        """Return the hash of a field that nobody has filled in: a file may come to give it."""
        db_field = field_of(row, name)
        return fingerprint([] if db_field.many_to_many else db_field.get_default())

    def write(self, row: Row, target: Target, thing: models.Model, changed: list[str]) -> None:
        for name in changed:
            if name in target.values:
                setattr(thing, name, target.values[name])
        self.check(row, thing)
        # Only these columns: what staff save in the others at this moment is not undone.
        columns = [
            f.attname
            for f in thing._meta.concrete_fields
            if f.attname in changed or getattr(f, "auto_now", False)
        ]
        thing.save(update_fields=columns)
        self.set_links(thing, {k: v for k, v in target.links.items() if k in changed})

    def check(self, row: Row, thing: models.Model) -> None:
        try:
            thing.full_clean()
        except ValidationError as error:
            name, errors = next(iter(error.error_dict.items()))
            raise row.error(problem_of(errors[0]), "" if name == "__all__" else name) from error

    def set_links(self, thing: models.Model, links: dict[str, list[int]]) -> None:
        for name, ids in links.items():
            getattr(thing, name).set(ids)

    def remember(self, row: Row, thing: models.Model, hashes: dict[str, str]) -> None:
        item = LoadedRow(model=row.label, key=row.key, object_id=thing.pk, hashes=hashes)
        self.to_create.append(item)
        self.loaded[row.label, row.key] = item
        self.objects[row.label][thing.pk] = thing


def problem_of(error: Exception) -> str:
    """Return what an error says, on one line."""
    messages = error.messages if isinstance(error, ValidationError) else [str(error)]
    return " ".join(" ".join(messages).split())


@transaction.atomic
def load_content(folders: Iterable[Path]) -> Report:
    """Bring the content files of `folders` into the database, all of them or nothing.

    Returns what was done. Raises ContentError, in one line, for the first thing that is wrong.
    """
    return Loader(read_files(folders)).run()
