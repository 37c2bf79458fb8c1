/* From a valid token to a remote that is part of the workspace: what Pilot is told, in the documented order. */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, modules = pilot.modules, screen = pilot.screen, server = pilot.server;
  var session = pilot.session, texts = pilot.texts, el = screen.el;
  var RETRY = 2000, PATIENCE = 30000, LOOK = 5000;
  var LOOPBACK = /^(127\.|localhost$|\[?::1\]?$|0\.0\.0\.0$)/;
  var started = false; // what stands behind the device link
  var bindingTimer = 0, lookTimer = 0, doubtedAt = 0;

  window.connectCallback = function (raw) { connected(bridge.parse(raw)); };
  window.wsConnectCallback = function (raw) {
    var answer = bridge.parse(raw);
    modules.connection("ws", answer);
    if (!bridge.isTrue(answer)) { doubt(); }
  };

  /* The server also ends a socket whose token is over; whether it is, only asking tells. */
  async function doubt() {
    if (!session.token || Date.now() - doubtedAt < PATIENCE) { return; }
    doubtedAt = Date.now();
    try {
      await server.ask("GET", "workspaces/current");
    } catch (error) {
      if (error instanceof server.Over) { pilot.failed(error); }
    }
  }

  async function connect() {
    session.sn = String(bridge.call("platformGetRemoteControllerSN").data || "");
    var aircraft = bridge.call("platformGetAircraftSN");
    el("remote-sn").textContent = session.sn || texts.unknown;
    el("aircraft-sn").textContent = aircraft.code === 0 && aircraft.data ? String(aircraft.data) : texts.noAircraft;
    var workspace = await server.ask("GET", "workspaces/current");
    introduce(workspace);
    bridge.call("platformSetInformation", workspace.platform_name, workspace.workspace_name, workspace.workspace_desc);
    var runs = modules.loaded("thing");
    if (!runs) { bridge.call("platformSetWorkspaceId", workspace.workspace_id); }
    pilot.settings = await server.ask("GET", "pilot/settings?device_sn=" + encodeURIComponent(session.sn));
    server.renewIn(pilot.settings.token_seconds);
    pilot.tools.settle();
    watch();
    if (runs) { connected(bridge.call("thingGetConnectState")); } else { await loadThing(); }
  }

  function introduce(workspace) {
    el("platform").textContent = workspace.platform_name;
    el("workspace").textContent = workspace.workspace_name;
  }

  async function account() {
    var path = "users/current?device_sn=" + encodeURIComponent(session.sn);
    var user = await server.ask("GET", path);
    if (user.mqtt_username || user.role === "viewer") { return user; }
    await bind(); // a remote nobody has seen yet gets its account by being registered
    return server.ask("GET", path);
  }

  /* The device link needs this remote's own account; without one the reason stands on the page. */
  async function loadThing() {
    if (!session.sn) { refuse(texts.noSerial); return; }
    modules.state("thing", "wait", texts.loading); // the server is asked first, which may take its time
    try {
      var user = await account();
    } catch (error) {
      modules.state("thing", "bad", texts.failed);
      throw error;
    }
    if (!user.mqtt_username) { refuse(user.mqtt_note); return; }
    var host = user.mqtt_addr.replace(/^\w+:\/\//, "").replace(/:\d+\/?$/, "");
    if (LOOPBACK.test(host) && !LOOPBACK.test(location.hostname)) {
      screen.complain(texts.loopbackTitle, texts.loopback.replace("%s", user.mqtt_addr), pilot.home);
    }
    modules.useAccount(user);
    modules.load("thing");
  }

  function refuse(why) {
    modules.state("thing", "bad", texts.failed, why);
    screen.complain(texts.noAccountTitle, why, pilot.home);
  }

  function connected(answer) {
    modules.connection("thing", answer);
    if (!bridge.isTrue(answer) || started || !pilot.settings) { return; }
    started = true;
    modules.loadRest();
    keepBinding(RETRY);
  }

  /* The link came up while nobody listened (the page slept, or was just being loaded): what waits for it goes on. */
  function catchUp() {
    if (!started && modules.loaded("thing")) {
      var link = bridge.call("thingGetConnectState");
      if (bridge.isTrue(link)) { connected(link); }
    }
  }

  async function bind() {
    modules.state("binding", "wait", texts.registering);
    try {
      await server.ask("POST", "devices/" + encodeURIComponent(session.sn) + "/binding", {
        device_sn: session.sn, user_id: session.userId, workspace_id: session.workspaceId,
      });
    } catch (error) {
      modules.state("binding", "bad", texts.failed, error.message);
      throw error;
    }
    modules.state("binding", "good", texts.registered);
  }

  /* Every two seconds until it is done; what the server refuses is asked ever more seldom. */
  async function keepBinding(pause) {
    window.clearTimeout(bindingTimer);
    try {
      await bind();
      bindingTimer = window.setTimeout(readDevice, 3000);
    } catch (error) {
      if (error instanceof server.Over) { pilot.failed(error); return; }
      var refused = error instanceof server.Refused;
      bindingTimer = window.setTimeout(keepBinding, pause, refused ? Math.min(pause * 2, PATIENCE) : RETRY);
    }
  }

  async function readDevice() {
    try {
      var device = await server.ask("GET", "devices/" + session.workspaceId + "/devices/" + encodeURIComponent(session.sn));
      if (device.device_callsign !== session.sn) {
        el("remote-sn").textContent = device.device_callsign + " (" + session.sn + ")";
      }
    } catch (error) {
      if (error instanceof server.Over) { pilot.failed(error); }
    }
  }

  function watch() {
    window.clearInterval(lookTimer);
    lookTimer = window.setInterval(function () {
      modules.look();
      catchUp();
    }, LOOK);
  }

  async function reload(name) {
    screen.calm();
    try {
      if (name === "thing") {
        if (modules.loaded("thing")) { bridge.call("platformUnloadComponent", "thing"); }
        started = false;
        await loadThing();
      } else if (name === "binding") {
        await keepBinding(RETRY);
      } else {
        modules.reload(name);
      }
    } catch (error) {
      pilot.failed(error, function () { reload(name); });
    }
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-reload]"), function (button) {
    button.addEventListener("click", function () { reload(button.getAttribute("data-reload")); });
  });

  pilot.remote = {
    connect: connect, introduce: introduce,

    /* Nothing of this visit goes on; what Pilot runs is left alone. */
    pause: function () {
      window.clearTimeout(bindingTimer);
      window.clearInterval(lookTimer);
      started = false;
    },
  };
})(window.fleetPilot);
