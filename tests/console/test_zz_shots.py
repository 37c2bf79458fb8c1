import os
import pytest
from playwright.sync_api import sync_playwright
from fleet.models import *
from tests import factories
from fleet.services import audit, tokens
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]="true"
@pytest.mark.django_db(transaction=True)
def test_shots(live_server):
    w=factories.make_workspace(name="Alpine rescue"); o=factories.make_workspace(name="Harbour police")
    u=factories.make_user(w,Role.ADMIN,username="ann",first_name="Ann",last_name="Berg",email="ann@example.org")
    Membership.objects.create(workspace=o,user=u,role=Role.VIEWER)
    for r in Role: factories.make_user(w,r)
    with sync_playwright() as p:
        b=p.chromium.launch(executable_path="/usr/bin/chromium",args=["--no-sandbox"])
        c=b.new_context(color_scheme="dark",viewport={"width":1280,"height":800}); g=c.new_page(); g.set_default_timeout(10000)
        errs=[]; g.on("pageerror",lambda e:errs.append(str(e)))
        g.goto(live_server.url+"/admin/login/"); g.screenshot(path="/tmp/shot-login-dark.png")
        g.fill("[name=username]","ann"); g.fill("[name=password]","correct horse"); g.click("button[type=submit]"); g.wait_for_load_state()
        for n,path in (("audit","/admin/fleet/auditentry/"),("people","/admin/fleet/membership/")):
            g.goto(live_server.url+path); g.wait_for_timeout(500); g.screenshot(path=f"/tmp/shot-{n}-dark.png")
        g.select_option("#fleet-workspace",label="Harbour police"); g.wait_for_timeout(1500)
        print("after switch:", g.url, g.locator("#fleet-workspace").evaluate("e=>e.selectedOptions[0].text"), errs)
