"""What `make run` decides to start, and the file that it leaves for every process."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from fleet.embedded import environment, sockets
from fleet.embedded.environment import make_plan, prepare, read


def test_everything_is_embedded_on_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, {}, {})
    assert plan.embeds_redis
    assert plan.broker in ("mosquitto", "amqtt")
    assert plan.simulates
    assert (plan.web, plan.mqtt, plan.s3) == (("127.0.0.1", 8000), ("127.0.0.1", 1883), ("127.0.0.1", 9000))


def test_a_server_that_is_named_is_not_started(tmp_path: Path) -> None:
    named = {"REDIS_URL": "redis://127.0.0.1:6390/0", "MQTT_URL": "mqtt://a:b@broker.example:1883"}
    plan = make_plan(tmp_path, named, {})
    assert not plan.embeds_redis
    assert plan.broker == ""
    assert not {"REDIS_URL", "MQTT_URL", "FLEET_BROKER", "FLEET_MQTT_CONTROL_URL"} & plan.generated.keys()


def test_secrets_are_kept_over_a_restart_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    given = {"FLEET_DATA_DIR": str(tmp_path)}
    first = prepare(given)
    # The second start sees what Django's settings loaded from the file in the meantime.
    second = prepare({**given, **read(tmp_path / "fleet.env")})
    assert second.generated == first.generated
    assert second.embeds_redis
    assert second.broker
    assert len(first.generated["FLEET_SECRET_KEY"]) >= 50
    assert stat.S_IMODE((tmp_path / "fleet.env").stat().st_mode) == 0o600


def test_a_new_port_moves_the_address_and_keeps_the_password(tmp_path: Path) -> None:
    before = prepare({"FLEET_DATA_DIR": str(tmp_path)}).generated["MQTT_URL"]
    after = prepare({"FLEET_DATA_DIR": str(tmp_path), "FLEET_MQTT_PORT": "2883"}).generated["MQTT_URL"]
    assert before.endswith("@127.0.0.1:1883")
    assert after == before.replace(":1883", ":2883")


def test_what_the_operator_gave_is_not_written_down(tmp_path: Path) -> None:
    prepare(
        {
            "FLEET_DATA_DIR": str(tmp_path),
            "FLEET_SECRET_KEY": "mine",
            "FLEET_MQTT_PUBLIC_URL": "tcp://10.0.0.9:1883",
        }
    )
    written = read(tmp_path / "fleet.env")
    assert "FLEET_SECRET_KEY" not in written
    assert "FLEET_MQTT_PUBLIC_URL" not in written


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLEET_WEB_PORT", "eighty"),
        ("FLEET_MQTT_PORT", "70000"),
        ("FLEET_SIMULATE", "maybe"),
        ("FLEET_EMBEDDED_MQTT", "x"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        make_plan(tmp_path, {name: value}, {})


def test_a_bind_address_for_everybody_is_reached_over_loopback(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, {"FLEET_MQTT_HOST": "0.0.0.0", "FLEET_WEB_HOST": "::"}, {})  # noqa: S104
    assert plan.generated["MQTT_URL"].endswith("@127.0.0.1:1883")
    assert plan.generated["FLEET_PUBLIC_URL"] == "http://[::1]:8000"


def test_a_socket_in_a_deep_directory_gets_a_short_private_path(tmp_path: Path) -> None:
    deep = tmp_path / ("directory-" * 12) / "redis.sock"
    short = sockets.socket_path(deep)
    assert short != deep
    assert len(str(short)) < sockets.LONGEST
    assert sockets.socket_path(deep) == short
    assert stat.S_IMODE(short.parent.stat().st_mode) == 0o700
    short.parent.chmod(0o777)
    with pytest.raises(PermissionError):
        sockets.socket_path(deep)
    short.parent.rmdir()


def test_the_settings_file_is_found_in_the_data_directory_of_the_environment(tmp_path: Path) -> None:
    assert environment.data_directory({"FLEET_DATA_DIR": str(tmp_path / "x")}) == tmp_path / "x"
    assert environment.data_directory({}).name == "var"
