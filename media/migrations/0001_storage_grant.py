import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("devices", "0003_alarm_track_height"),
        ("fleet", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="StorageGrant",
            fields=[
                (
                    "device",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="storage_grant",
                        serialize=False,
                        to="devices.device",
                        verbose_name="device",
                    ),
                ),
                ("bucket", models.CharField(max_length=100, verbose_name="bucket")),
                ("endpoint", models.CharField(max_length=300, verbose_name="endpoint")),
                ("prefix", models.CharField(max_length=300, verbose_name="prefix")),
                ("provider", models.CharField(max_length=16, verbose_name="provider")),
                ("issued_at", models.DateTimeField(verbose_name="given")),
                ("expires_at", models.DateTimeField(verbose_name="good until")),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="storage_grants",
                        to="fleet.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={"verbose_name": "storage grant", "verbose_name_plural": "storage grants"},
        ),
    ]
