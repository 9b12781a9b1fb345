"""What load_content has written, so that it never overwrites what staff changed."""

from django.db import models


class LoadedRow(models.Model):
    """A row that came from a content file, with a hash of each value as it was written."""

    model = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    object_id = models.BigIntegerField()
    hashes = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["model", "key"], name="shared_loadedrow_key"),
        )

    def __str__(self) -> str:
        return f"{self.model} {self.key}"
