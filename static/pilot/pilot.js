/* The page inside DJI Pilot 2. The order of the calls is the documented one; Chrome 80 has to understand all of it. */
"use strict";

(function () {
  var bridge = window.fleetBridge;
  var config = JSON.parse(document.getElementById("pilot-config").textContent);
  var texts = JSON.parse(document.getElementById("pilot-texts").textContent);
  var TOKEN = "fleet.pilot.token";
  var RETRY = 2000;
  var PATIENCE = 30000;

  var inPilot = bridge.present();
  var session = { token: localStorage.getItem(TOKEN) || "", workspaceId: "", userId: "", sn: "" };
  var started = false; // the modules behind the device link
  var bindingTimer = 0;
  var statesTimer = 0;

  function el(id) { return document.getElementById(id); }

  // --- What one sees ------------------------------------------------------------------------------------------

  function show(section) {
    ["busy", "login", "choice", "home"].forEach(function (id) { el(id).hidden = id !== section; });
    el("logout").hidden = section !== "home" && section !== "choice";
    el("browser-hint").hidden = inPilot;
  }

  function complain(title, text, retry) {
    el("notice-title").textContent = title;
    el("notice-text").textContent = text || "";
    el("retry").hidden = !retry;
    el("retry").onclick = retry ? function () { calm(); retry(); } : null;
    el("notice").hidden = false;
    el("busy").hidden = true;
  }

  function calm() { el("notice").hidden = true; }

  function state(module, kind, text) {
    var badge = document.querySelector('[data-module="' + module + '"] .state');
    badge.setAttribute("data-state", kind);
    badge.textContent = text;
  }

  function connection(module, answer) {
    var up = bridge.isTrue(answer);
    state(module, up ? "good" : "wait", up ? texts.connected : texts.notConnected);
  }

  // --- The server ---------------------------------------------------------------------------------------------

  function Refused(message, code) { this.message = message; this.code = code; }
  function Unreachable(message) { this.message = message; }
  function Over() { this.message = texts.sessionOver; }

  async function ask(method, path, body) {
    var headers = { "Accept": "application/json" };
    if (session.token) { headers["x-auth-token"] = session.token; }
    if (body) { headers["Content-Type"] = "application/json"; }
    var response;
    try {
      response = await fetch("/manage/api/v1/" + path, {
        method: method, headers: headers, body: body ? JSON.stringify(body) : undefined,
        cache: "no-store", credentials: "omit",
      });
    } catch (error) {
      throw new Unreachable(texts.offline);
    }
    if (response.status === 401) { throw new Over(); }
    var answer;
    try {
      answer = await response.json();
    } catch (error) {
      throw new Unreachable(texts.badAnswer);
    }
    if (response.status >= 500) { throw new Unreachable(answer.message || texts.badAnswer); }
    if (answer.code !== 0) { throw new Refused(answer.message || texts.badAnswer, answer.code); }
    return answer.data;
  }

  /* What every failed step does: a login that is over goes back to the form, all else says what and offers again. */
  function failed(error, again) {
    if (error instanceof Over) {
      leave();
      show("login");
      complain(texts.sessionOverTitle, texts.sessionOver);
    } else if (error instanceof Unreachable) {
      complain(texts.offlineTitle, error.message, again);
    } else {
      complain(texts.refusedTitle, error.message, again);
    }
  }

  // --- A. Licence, login --------------------------------------------------------------------------------------

  async function start() {
    show("busy");
    if (inPilot && !licensed()) { return; }
    if (inPilot) { bridge.call("platformSetInformation", config.platform, "", ""); }
    if (!session.token) { show("login"); return; }
    try {
      await enter(await ask("POST", "token/refresh", {}));
    } catch (error) {
      failed(error, start);
    }
  }

  function licensed() {
    if (!config.appId || !config.appKey || !config.license) {
      complain(texts.noLicenseTitle, texts.noLicense, start);
      return false;
    }
    var verified = bridge.call("platformVerifyLicense", config.appId, config.appKey, config.license);
    if (bridge.isTrue(verified) && bridge.isTrue(bridge.call("platformIsVerified"))) { return true; }
    complain(texts.badLicenseTitle, (verified.message ? verified.message + ". " : "") + texts.badLicense, start);
    return false;
  }

  el("login-form").addEventListener("submit", async function (event) {
    event.preventDefault();
    var button = el("login-button");
    button.disabled = true;
    button.textContent = texts.loggingIn;
    calm();
    session.token = "";
    try {
      var answer = await ask("POST", "login", { username: el("username").value, password: el("password").value, flag: 2 });
      el("password").value = "";
      unload(); // modules that live on may be somebody else's, in another workspace
      if (answer.workspaces.length > 1) { remember(answer); choose(answer.workspaces); } else { await enter(answer); }
    } catch (error) {
      if (error instanceof Refused) { complain(texts.loginFailed, error.message); } else { failed(error); }
    }
    button.disabled = false;
    button.textContent = texts.logIn;
  });

  function choose(workspaces) {
    var list = el("choices");
    list.textContent = "";
    workspaces.forEach(function (workspace) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "button";
      button.textContent = workspace.workspace_name;
      button.onclick = async function () {
        calm();
        try {
          await enter(await ask("POST", "workspaces/choice", { workspace_id: workspace.workspace_id }));
        } catch (error) {
          failed(error);
        }
      };
      list.appendChild(button);
    });
    show("choice");
  }

  function remember(answer) {
    session.token = answer.access_token;
    session.workspaceId = answer.workspace_id;
    session.userId = answer.user_id;
    localStorage.setItem(TOKEN, session.token);
    localStorage.setItem("fleet.pilot.workspace_id", session.workspaceId);
    localStorage.setItem("fleet.pilot.user_id", session.userId);
    localStorage.setItem("fleet.pilot.username", answer.username);
    el("person").textContent = answer.username;
  }

  async function enter(answer) {
    remember(answer);
    if (inPilot && load("api", { host: location.origin + "/", token: session.token })) {
      bridge.call("apiSetToken", session.token);
      state("api", "good", texts.connected);
    }
    await home();
  }

  /* Hand a module to Pilot. False, with a complaint on the page, when it did not take it. */
  function load(module, parameters) {
    state(module, "wait", texts.loading);
    var answer = bridge.call("platformLoadComponent", module, JSON.stringify(parameters));
    if (answer.code === 0 && answer.data !== false) { return true; }
    state(module, "bad", texts.failed);
    var why = answer.missing ? texts.noFunction.replace("%s", answer.missing) : answer.message;
    complain(texts.moduleFailedTitle, module + ": " + why, function () { load(module, parameters); });
    return false;
  }

  // --- B. Home ------------------------------------------------------------------------------------------------

  async function home() {
    show("home");
    ["api", "thing", "ws", "tsa", "binding"].forEach(function (module) {
      if (!(inPilot && module === "api")) { state(module, "waiting", texts.waiting); }
    });
    el("remote").hidden = el("connection").hidden = !inPilot;
    el("team").hidden = inPilot;
    try {
      await (inPilot ? connect() : look());
    } catch (error) {
      failed(error, home);
    }
  }

  async function connect() {
    bridge.listen("onBackClick", function () { return false; });
    bridge.listen("onStopPlatform", forget);
    window.connectCallback = connected;
    window.wsConnectCallback = function (up) { connection("ws", bridge.parse(up)); };
    session.sn = String(bridge.call("platformGetRemoteControllerSN").data || "");
    var aircraft = bridge.call("platformGetAircraftSN");
    el("remote-sn").textContent = session.sn || texts.unknown;
    el("aircraft-sn").textContent = aircraft.code === 0 && aircraft.data ? String(aircraft.data) : texts.noAircraft;
    var running = bridge.isTrue(bridge.call("platformIsComponentLoaded", "thing"));
    var workspace = await ask("GET", "workspaces/current");
    introduce(workspace);
    bridge.call("platformSetInformation", workspace.platform_name, workspace.workspace_name, workspace.workspace_desc);
    watchStates();
    if (running) { resume(); return; }
    bridge.call("platformSetWorkspaceId", workspace.workspace_id);
    await loadThing();
  }

  function introduce(workspace) {
    el("platform").textContent = workspace.platform_name;
    el("workspace").textContent = workspace.workspace_name;
  }

  async function loadThing() {
    if (!session.sn) { complain(texts.noAccountTitle, texts.noSerial, home); return; }
    var path = "users/current?device_sn=" + encodeURIComponent(session.sn);
    var user = await ask("GET", path);
    if (!user.mqtt_username && user.role !== "viewer") {
      await bind(); // a remote nobody has seen yet gets its account by being registered
      user = await ask("GET", path);
    }
    if (!user.mqtt_username) { complain(texts.noAccountTitle, user.mqtt_note, home); return; }
    if (/^\w+:\/\/(127\.|localhost|\[::1\])/.test(user.mqtt_addr) && !/^(127\.|localhost$|\[::1\])/.test(location.hostname)) {
      complain(texts.loopbackTitle, texts.loopback.replace("%s", user.mqtt_addr), home);
    }
    load("thing", {
      host: user.mqtt_addr, connectCallback: "connectCallback",
      username: user.mqtt_username, password: user.mqtt_password,
    });
  }

  /* The page was opened again while the modules live on. They hold the token that ended when it was renewed. */
  function resume() {
    var up = bridge.call("thingGetConnectState");
    connection("thing", up);
    bridge.call("platformUnloadComponent", "tsa");
    bridge.call("platformUnloadComponent", "ws");
    if (bridge.isTrue(up)) { connected(true); }
  }

  // --- C. The device link stands ------------------------------------------------------------------------------

  function connected(raw) {
    var up = bridge.parse(raw);
    connection("thing", up);
    if (!bridge.isTrue(up) || started) { return; }
    started = true;
    var token = bridge.call("apiGetToken");
    load("ws", {
      host: location.origin.replace(/^http/, "ws") + config.socketPath,
      token: token.code === 0 && token.data ? String(token.data) : session.token,
      connectCallback: "wsConnectCallback",
    });
    if (load("tsa", {})) { state("tsa", "good", texts.ready); }
    keepBinding(RETRY);
  }

  async function bind() {
    state("binding", "wait", texts.registering);
    try {
      await ask("POST", "devices/" + encodeURIComponent(session.sn) + "/binding", {
        device_sn: session.sn, user_id: session.userId, workspace_id: session.workspaceId,
      });
    } catch (error) {
      state("binding", "bad", texts.failed);
      throw error;
    }
    state("binding", "good", texts.registered);
  }

  /* Every two seconds until it is done; what the server refuses is asked ever more seldom. */
  async function keepBinding(pause) {
    window.clearTimeout(bindingTimer);
    try {
      await bind();
      bindingTimer = window.setTimeout(readDevice, 3000);
    } catch (error) {
      if (error instanceof Over) { failed(error); return; }
      if (error instanceof Refused) { complain(texts.refusedTitle, error.message); }
      bindingTimer = window.setTimeout(keepBinding, pause, error instanceof Refused ? Math.min(pause * 2, PATIENCE) : RETRY);
    }
  }

  async function readDevice() {
    try {
      var device = await ask("GET", "devices/" + session.workspaceId + "/devices/" + encodeURIComponent(session.sn));
      if (device.device_callsign !== session.sn) {
        el("remote-sn").textContent = device.device_callsign + " (" + session.sn + ")";
      }
    } catch (error) {
      if (error instanceof Over) { failed(error); }
    }
  }

  // --- D. States, leaving -------------------------------------------------------------------------------------

  function watchStates() {
    window.clearInterval(statesTimer);
    statesTimer = window.setInterval(function () {
      if (!started) { return; }
      connection("thing", bridge.call("thingGetConnectState"));
      connection("ws", bridge.call("wsGetConnectState"));
    }, 5000);
  }

  function forget() {
    Object.keys(localStorage).forEach(function (key) {
      if (key.indexOf("fleet.pilot.") === 0) { localStorage.removeItem(key); }
    });
  }

  function leave() {
    window.clearTimeout(bindingTimer);
    window.clearInterval(statesTimer);
    started = false;
    session.token = session.workspaceId = session.userId = "";
    forget();
    el("person").textContent = el("workspace").textContent = "";
    el("platform").textContent = config.platform;
    unload();
  }

  function unload() {
    if (!inPilot) { return; }
    ["tsa", "ws", "thing", "api"].forEach(function (module) {
      if (bridge.isTrue(bridge.call("platformIsComponentLoaded", module))) {
        bridge.call("platformUnloadComponent", module);
      }
    });
  }

  el("logout").addEventListener("click", async function () {
    calm();
    try {
      await ask("POST", "logout");
    } catch (error) {
      /* the token ends by itself; leaving must work without the server */
    }
    leave();
    show("login");
    if (inPilot) { bridge.call("platformStopSelf"); }
  });

  // --- In a plain browser -------------------------------------------------------------------------------------

  async function look() {
    introduce(await ask("GET", "workspaces/current"));
    var found = await ask("GET", "workspaces/" + session.workspaceId + "/devices/topologies");
    var list = el("devices");
    list.textContent = "";
    found.list.forEach(function (entry) {
      entry.parents.concat(entry.hosts).forEach(function (device) { list.appendChild(line(device)); });
    });
    if (!found.list.length) { list.textContent = texts.noDevices; }
  }

  function line(device) {
    var row = document.createElement("li");
    var names = document.createElement("div");
    var name = document.createElement("b");
    var model = document.createElement("small");
    var badge = document.createElement("span");
    name.textContent = device.device_callsign;
    model.textContent = device.device_model.name;
    badge.className = "state";
    badge.setAttribute("data-state", device.online_status ? "good" : "waiting");
    badge.textContent = device.online_status ? texts.online : texts.offlineState;
    names.appendChild(name);
    names.appendChild(model);
    row.appendChild(names);
    row.appendChild(badge);
    return row;
  }

  start();
})();
