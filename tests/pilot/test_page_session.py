"""The page inside Pilot 2: a token that is renewed, one that ends under a remote at work, and who comes back."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from fleet.models import AccessToken, Membership, Role
from fleet.services import pilot_page
from tests.pilot.people import PASSWORD
from tests.pilot.stage import all_connected, calls, loads, log_in, log_out, remote, shoot, token

pytestmark = pytest.mark.browser


def test_opened_again_it_renews_the_token_and_gives_it_to_the_modules(at_work):
    page = at_work()
    first, before = token(page), len(calls(page))
    page.reload()
    all_connected(page)
    second = token(page)
    assert second != first
    made = calls(page)[before:]
    assert loads(made) == [], "something was torn down"
    assert [call for call in made if call[0] == "platformUnloadComponent"] == []
    assert remote(page)["token"] == remote(page)["wsToken"] == second
    expect(page.locator("#login")).to_be_hidden()


def test_a_token_renewed_is_the_modules_too_even_when_the_next_request_fails(at_work):
    page = at_work()
    old = remote(page)["token"]
    page.route("**/manage/api/v1/users/current*", lambda route: route.abort())
    page.reload()
    expect(page.locator("#notice-title")).to_have_text("The server does not answer")
    assert old != token(page)
    assert remote(page)["token"] == token(page)


def test_the_token_is_renewed_before_it_ends_without_anybody_noticing(at_work, settings):
    page = at_work()
    first, before = token(page), len(calls(page))
    page.clock.install()
    page.clock.fast_forward(int(settings.TOKEN_LIFETIME.total_seconds() * 0.6 * 1000))
    page.wait_for_function("first => window.bridgeKept().wsToken !== first", arg=first)
    assert remote(page)["token"] == remote(page)["wsToken"] == token(page) != first
    assert loads(calls(page)[before:]) == []
    all_connected(page)
    expect(page.locator("#notice")).to_be_hidden()


def test_who_logs_out_while_the_token_is_renewed_stays_out(at_work, settings):
    page = at_work()
    held = []
    page.route("**/manage/api/v1/pilot/token", lambda route: held.append((route, route.fetch())))
    page.clock.install()
    page.clock.fast_forward(int(settings.TOKEN_LIFETIME.total_seconds() * 0.6 * 1000))
    with page.expect_request("**/manage/api/v1/pilot/token"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    log_out(page)
    expect(page.locator("#login")).to_be_visible()
    route, answer = held[0]
    with page.expect_response("**/manage/api/v1/pilot/token") as late:
        route.fulfill(response=answer)
    late.value.finished()
    page.evaluate("Promise.resolve()")
    assert page.evaluate("localStorage.getItem('fleet.pilot.token')") is None


def test_the_old_token_lives_on_for_a_moment_and_no_longer(at_work):
    page = at_work()
    old = AccessToken.objects.get()
    page.reload()
    all_connected(page)
    old.refresh_from_db()
    assert old.is_valid, "the modules would meet a 401 before they have the new one"
    assert old.expires_at <= timezone.now() + pilot_page.GRACE
    assert AccessToken.objects.count() == 2


def test_a_login_that_ends_at_work_is_renewed_in_place_and_everything_stays(at_work, user):
    page = at_work()
    before = len(calls(page))
    AccessToken.objects.update(expires_at=timezone.now())
    page.click('[data-reload="binding"]')  # the next thing that asks the server
    expect(page.locator("#notice-title")).to_have_text("Your login is over")
    expect(page.locator("#notice-text")).to_contain_text("stays connected")
    expect(page.locator("#username")).to_have_value(user.username)
    shoot(page, "login-over")
    page.fill("#password", PASSWORD)
    page.click("#login-button")
    all_connected(page)
    made = calls(page)[before:]
    assert loads(made) == []
    assert [call for call in made if call[0] == "platformUnloadComponent"] == []
    assert remote(page)["token"] == remote(page)["wsToken"] == token(page)


def test_a_login_that_is_over_leads_back_to_the_form(at_work):
    page = at_work()
    AccessToken.objects.all().delete()
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    expect(page.locator("#notice-title")).to_have_text("Your login is over")
    assert page.evaluate("localStorage.getItem('fleet.pilot.token')") is None


def test_another_person_does_not_go_on_with_what_the_first_left(at_work, make_user, other, stranger):
    page = at_work()
    AccessToken.objects.all().delete()
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    before = len(calls(page))
    log_in(page, make_user((other, Role.PILOT)))
    expect(page.locator("#workspace")).to_have_text(other.name)
    unloaded = [call[1] for call in calls(page)[before:] if call[0] == "platformUnloadComponent"]
    assert unloaded == ["mission", "media", "tsa", "map", "ws", "liveshare", "thing", "api"]
    expect(page.locator("#notice-text")).to_contain_text("registered elsewhere")
    assert remote(page)["workspace"] == str(other.pk)


def test_somebody_who_lost_their_part_in_the_workspace_comes_in_elsewhere(at_work, user, other):
    page = at_work()
    Membership.objects.filter(user=user).delete()
    Membership.objects.create(user=user, workspace=other, role=Role.PILOT)
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    page.fill("#password", PASSWORD)
    page.click("#login-button")
    expect(page.locator("#workspace")).to_have_text(other.name)


def test_a_server_that_is_away_logs_nobody_out(at_work):
    page = at_work()
    page.route("**/manage/api/**", lambda route: route.abort())
    page.reload()
    expect(page.locator("#notice-title")).to_have_text("The server does not answer")
    expect(page.locator("#busy")).to_be_hidden()
    shoot(page, "offline")
    assert token(page)
    page.unroute("**/manage/api/**")
    page.click("#retry")
    all_connected(page)
