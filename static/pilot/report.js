/* Telling the server how the modules are, for the connection doctor. Never in anybody's way. */
"use strict";

(function (pilot) {
  var GATHER = 2000, AGAIN = 30000;
  var timer = 0;

  function version() {
    var answer = window.fleetBridge.call("platformGetVersion");
    var data = answer.code === 0 && answer.data && typeof answer.data === "object" ? answer.data : {};
    return [data.modelVersion, data.appVersion].filter(Boolean).join(" · ").slice(0, 100);
  }

  async function send() {
    timer = 0;
    var session = pilot.session;
    if (!pilot.inPilot || !session.token || !session.sn) { return; }
    var states = pilot.modules.states();
    var modules = Object.keys(states).map(function (name) {
      return { name: name, state: states[name].state, reason: states[name].reason.slice(0, 500) };
    });
    try {
      await pilot.server.ask("POST", "pilot/report", { device_sn: session.sn, version: version(), modules: modules });
    } catch (error) {
      if (!(error instanceof pilot.server.Over)) { later(AGAIN); }
    }
  }

  function later(pause) {
    window.clearTimeout(timer);
    timer = window.setTimeout(send, pause);
  }

  pilot.report = { changed: function () { later(GATHER); }, version: version };
})(window.fleetPilot);
