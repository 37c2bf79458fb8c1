/* The page's way: licence, login, home; staying logged in; leaving. */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, modules = pilot.modules, screen = pilot.screen, server = pilot.server;
  var config = pilot.config, session = pilot.session, texts = pilot.texts, el = screen.el;
  var LOOK = 5000; // how often to see whether the token wants to be renewed
  var renewing = false;

  /* What every failed step does: a login that is over goes to the form, all else says what and offers again. */
  function failed(error, again) {
    if (error instanceof server.Over) {
      over();
    } else if (error instanceof server.Unreachable) {
      screen.complain(texts.offlineTitle, error.message, again);
    } else if (error instanceof server.Refused) {
      screen.complain(texts.refusedTitle, error.message, again);
    } else {
      throw error;
    }
  }

  /* The token is gone, nothing else: Pilot's modules stay, and go on as soon as the same person is back. */
  function over() {
    pilot.remote.pause();
    server.dropToken();
    el("username").value = session.username;
    screen.show("login");
    screen.complain(texts.sessionOverTitle, pilot.inPilot && modules.loaded("thing") ? texts.sessionOverKept : texts.sessionOver);
  }

  // --- Licence, login -------------------------------------------------------------------------------------------

  async function start() {
    screen.show("busy");
    if (pilot.inPilot) {
      bridge.listen("onBackClick", back);
      bridge.listen("onStopPlatform", stopped);
      if (!licensed()) { return; }
      bridge.call("platformSetInformation", config.platform, "", "");
    }
    if (!session.token) {
      el("username").value = session.username;
      screen.show("login");
      return;
    }
    try {
      await renew();
      var person = await server.ask("GET", "users/current");
      await enter(person);
    } catch (error) {
      failed(error, start);
    }
  }

  function licensed() {
    if (!config.appId || !config.appKey || !config.license) {
      screen.complain(texts.noLicenseTitle, texts.noLicense, start);
      return false;
    }
    var verified = bridge.call("platformVerifyLicense", config.appId, config.appKey, config.license);
    if (bridge.isTrue(verified) && bridge.isTrue(bridge.call("platformIsVerified"))) { return true; }
    screen.complain(texts.badLicenseTitle, (verified.message ? verified.message + ". " : "") + texts.badLicense, start);
    return false;
  }

  async function logIn(username, password) {
    var asked = { username: username, password: password, flag: 2 };
    if (session.workspaceId && username === session.username) { asked.workspace_id = session.workspaceId; }
    try {
      return await server.ask("POST", "login", asked);
    } catch (error) {
      if (!asked.workspace_id || error.code !== server.NO_WORKSPACE) { throw error; }
      delete asked.workspace_id; // no part in it any more, but perhaps in another one
      return server.ask("POST", "login", asked);
    }
  }

  el("login-form").addEventListener("submit", async function (event) {
    event.preventDefault();
    var button = el("login-button");
    button.disabled = true;
    button.textContent = texts.loggingIn;
    screen.calm();
    server.dropToken();
    try {
      var answer = await logIn(el("username").value.trim(), el("password").value);
      el("password").value = "";
      var same = answer.user_id === session.userId && answer.workspace_id === session.workspaceId;
      if (!same && pilot.inPilot) { modules.unloadAll(); } // they may be somebody else's, in another workspace
      if (!same && answer.workspaces.length > 1) {
        server.holdToken(answer.access_token);
        choose(answer);
      } else {
        server.keepToken(answer.access_token);
        await enter(answer);
      }
    } catch (error) {
      if (error instanceof server.Refused) { screen.complain(texts.loginFailed, error.message); } else { failed(error); }
    }
    button.disabled = false;
    button.textContent = texts.logIn;
  });

  function choose(answer) {
    var list = el("choices");
    list.textContent = "";
    answer.workspaces.forEach(function (workspace) {
      var button = screen.make("button", "button", workspace.workspace_name);
      button.type = "button";
      button.onclick = async function () {
        screen.calm();
        try {
          var chosen = await server.ask("POST", "workspaces/choice", { workspace_id: workspace.workspace_id });
          server.keepToken(chosen.access_token);
          await enter(chosen);
        } catch (error) {
          failed(error);
        }
      };
      list.appendChild(button);
    });
    screen.show("choice");
  }

  async function enter(person) {
    server.keepPerson(person);
    el("person").textContent = person.username;
    if (pilot.inPilot) { modules.serve(); }
    await home();
  }

  async function home() {
    screen.show("home");
    screen.open("connection");
    el("tabs").hidden = true;
    el("connection").hidden = !pilot.inPilot;
    el("team").hidden = pilot.inPilot;
    if (pilot.inPilot) {
      modules.ORDER.concat("binding").forEach(function (name) {
        if (name !== "api") { modules.state(name, "waiting", texts.waiting); }
      });
    }
    try {
      await (pilot.inPilot ? pilot.remote.connect() : pilot.look());
    } catch (error) {
      failed(error, home);
    }
  }

  // --- Staying --------------------------------------------------------------------------------------------------

  async function renew() {
    var before = session.token;
    var fresh = await server.ask("POST", "pilot/token", { device_sn: session.sn });
    if (session.token !== before) { return; } // somebody logged out meanwhile, and stays so
    server.keepToken(fresh.access_token);
    server.renewIn(fresh.token_seconds);
    if (pilot.inPilot) { modules.handOver(); } // at once: the one before ends soon
  }

  async function stay() {
    if (!session.token || !session.renewAt || Date.now() < session.renewAt || renewing) { return; }
    renewing = true;
    try {
      await renew();
    } catch (error) {
      if (error instanceof server.Over) { over(); } // a server that is away is asked again at the next look
    }
    renewing = false;
  }

  window.setInterval(stay, LOOK);
  document.addEventListener("visibilitychange", stay); // timers sleep while Pilot shows something else

  // --- Leaving --------------------------------------------------------------------------------------------------

  /* Pilot's arrow, top left. True: the page has dealt with it. */
  function back() {
    if (!el("home").hidden && screen.tab !== "connection") {
      screen.open("connection");
      return true;
    }
    return false;
  }

  /* Somebody leaves the cloud in Pilot itself, which ends the modules; the token goes with them. */
  function stopped() {
    if (session.token) { server.ask("POST", "logout").catch(function () { /* it ends by itself */ }); }
    clear();
  }

  function clear() {
    pilot.remote.pause();
    server.forget();
    el("username").value = "";
    el("person").textContent = el("workspace").textContent = "";
    el("platform").textContent = config.platform;
    screen.show("login");
  }

  screen.twice(el("logout"), texts.tapAgain, async function () {
    screen.calm();
    try {
      await server.ask("POST", "logout");
    } catch (error) {
      /* the token ends by itself; leaving must work without the server */
    }
    clear();
    if (pilot.inPilot) {
      modules.unloadAll();
      bridge.call("platformStopSelf");
    }
  });

  pilot.failed = failed;
  pilot.home = home;
  start();
})(window.fleetPilot);
