"""Leader leases: work that one elected process does at a time. The table is called `duty`."""

from django.db import models


class Duty(models.Model):
    """Work that one elected process does: who holds it, and how far it has come."""

    name = models.CharField(max_length=50, primary_key=True)
    holder = models.CharField(max_length=200, blank=True, default="")
    epoch = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    state = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "duties"

    def __str__(self) -> str:
        return self.name
