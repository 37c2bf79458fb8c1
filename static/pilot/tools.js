/* Other apps on the remote, Pilot's logs, versions, and the data channel to a payload (MOP). */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, screen = pilot.screen, server = pilot.server, texts = pilot.texts, el = screen.el;
  //: the server has looked at the addresses already; a page that opens them looks again
  var OPENS_APP = /^(?!(about|blob|content|data|file|filesystem|intent|jar|javascript|vbscript|view-source):)[a-z][a-z0-9+.-]*:\/\/\S+$/i;

  function row(app) {
    var installed = app.package ? bridge.call("platformIsAppInstalled", app.package) : null;
    var known = installed && installed.code === 0;
    var there = !known || bridge.isTrue(installed);
    var item = screen.make("li", "app");
    if (app.icon) {
      var picture = screen.make("img");
      picture.src = app.icon;
      picture.width = picture.height = 48;
      picture.alt = "";
      item.appendChild(picture);
    }
    var names = screen.make("div");
    names.appendChild(screen.make("b", "", app.name));
    names.appendChild(screen.make("small", "", !known ? texts.appUnknown : there ? texts.appThere : texts.appMissing));
    item.appendChild(names);
    var button = screen.make("button", "button", texts.openApp);
    button.type = "button";
    button.disabled = !there || !OPENS_APP.test(app.url);
    button.addEventListener("click", function () { window.open(app.url); });
    item.appendChild(button);
    return item;
  }

  function apps() {
    var list = el("apps");
    list.textContent = "";
    pilot.settings.apps.forEach(function (app) { list.appendChild(row(app)); });
    el("apps-none").hidden = pilot.settings.apps.length > 0;
  }

  function about() {
    el("pilot-version").textContent = pilot.report.version() || texts.unknown;
    el("server-version").textContent = pilot.settings.version;
    var logs = bridge.call("platformGetLogPath");
    el("log-path").textContent = logs.code === 0 && logs.data ? String(logs.data) : screen.why(logs);
    el("log-encrypt").hidden = !pilot.settings.log_key;
    el("log-no-key").hidden = Boolean(pilot.settings.log_key);
    logState();
    el("mop").hidden = !bridge.has("startMopCloud");
  }

  /* Pilot does not tell whether it encrypts: all one can say is what was asked of it here. */
  function logState() {
    var asked = server.noted("logs");
    el("log-state").textContent = asked === "encrypted" ? texts.logsEncrypted : asked === "plain" ? texts.logsPlain : texts.logsUnknown;
  }

  function ask(button, place, good, name, value) {
    el(button).addEventListener("click", function () {
      var given = typeof value === "function" ? [value()] : [];
      var answer = bridge.call.apply(bridge, [name].concat(given));
      if (screen.told(place, answer, good) && place === "log-told") {
        server.note("logs", name === "platformSetLogEncryptKey" ? "encrypted" : "plain");
        logState();
      }
    });
  }

  ask("log-encrypt", "log-told", texts.logsEncrypted, "platformSetLogEncryptKey", function () { return pilot.settings.log_key; });
  ask("log-clear", "log-told", texts.logsPlain, "platformClearLogEncryptKey");
  ask("mop-start", "mop-told", texts.mopStarted, "startMopCloud");
  ask("mop-stop", "mop-told", texts.mopStopped, "stopMopCloud");
  screen.onOpen("apps", apps);
  screen.onOpen("remote", about);

  /* The settings are there: tabs that need them may be opened. */
  pilot.tools = {
    settle: function () { el("tabs").hidden = false; },
  };
})(window.fleetPilot);
