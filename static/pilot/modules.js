/* The modules of Pilot 2: in which order they are loaded, what each needs, how each is, and loading one again. */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, screen = pilot.screen, session = pilot.session, texts = pilot.texts;
  var ORDER = ["api", "thing", "liveshare", "ws", "map", "tsa", "media", "mission"];
  var NEEDS = {
    api: [], thing: [], liveshare: ["thing"], ws: [], map: ["api", "thing", "ws"], tsa: ["api", "thing", "ws"],
    media: ["api", "thing"], mission: ["api", "thing", "ws"],
  };
  var USES_API = ["map", "tsa", "media", "mission"]; // stale once `api` is loaded anew
  var CONNECTED = { thing: "thingGetConnectState", ws: "wsGetConnectState" };
  var SLOW = 20000; // a connection that takes longer is worth an explanation
  var present = {}; // name → {state, reason}
  var since = {}; // name → when it began to connect
  var account = null; // where and as whom the device link connects

  function card(name) { return document.querySelector('[data-module="' + name + '"]'); }

  function state(name, kind, text, reason) {
    var place = card(name);
    var why = place.querySelector(".why");
    screen.badge(place.querySelector(".state"), kind, text);
    why.textContent = reason || "";
    why.hidden = !reason;
    var before = present[name] || {};
    present[name] = { state: kind, reason: reason || "" };
    if (before.state !== kind || before.reason !== (reason || "")) { pilot.report.changed(); }
  }

  function loaded(name) { return bridge.isTrue(bridge.call("platformIsComponentLoaded", name)); }

  function connection(name, answer) {
    var up = bridge.isTrue(answer);
    if (up) { since[name] = 0; state(name, "good", texts.connected); return; }
    since[name] = since[name] || Date.now();
    var slow = Date.now() - since[name] > SLOW;
    var address = name === "thing" ? (account ? account.mqtt_addr : "") : socketAddress();
    var words = name === "thing" ? texts.thingSlow : texts.wsSlow;
    state(name, slow ? "bad" : "wait", texts.notConnected, slow ? words.replace("%s", address) : "");
  }

  function socketAddress() { return location.origin.replace(/^http/, "ws") + pilot.config.socketPath; }

  function parameters(name) {
    var chosen = pilot.settings;
    switch (name) {
      case "api": return { host: location.origin + "/", token: session.token };
      case "thing": return {
        host: account.mqtt_addr, connectCallback: "connectCallback",
        username: account.mqtt_username, password: account.mqtt_password,
      };
      case "liveshare": return { videoPublishType: chosen.live.mode, statusCallback: "liveStatusCallback" };
      case "ws": return { host: socketAddress(), token: session.token, connectCallback: "wsConnectCallback" };
      case "map": return chosen.map;
      case "media": return {
        autoUploadPhoto: chosen.media.autoUploadPhoto, autoUploadPhotoType: chosen.media.autoUploadPhotoType,
        autoUploadVideo: chosen.media.autoUploadVideo,
      };
      default: return {};
    }
  }

  /* Hand a module to Pilot. False, with the reason on its card, when something is missing or Pilot refuses it. */
  function load(name) {
    var missing = NEEDS[name].filter(function (other) { return !loaded(other); });
    if (missing.length) {
      var names = missing.map(function (other) { return card(other).getAttribute("data-name"); }).join(", ");
      state(name, "bad", texts.failed, texts.needs.replace("%s", names));
      return false;
    }
    state(name, "wait", texts.loading);
    since[name] = Date.now();
    var answer = bridge.call("platformLoadComponent", name, JSON.stringify(parameters(name)));
    if (answer.code !== 0 || answer.data === false) {
      state(name, "bad", texts.failed, screen.why(answer));
      return false;
    }
    afterLoad(name);
    return true;
  }

  function afterLoad(name) {
    if (name === "api") { bridge.call("apiSetToken", session.token); }
    if (name === "media") { bridge.call("mediaSetDownloadOwner", pilot.settings.media.downloadOwner); }
    ready(name);
  }

  function ready(name) {
    if (CONNECTED[name]) { return; } // its callback says
    state(name, "good", name === "api" ? texts.connected : texts.ready);
  }

  function unload(name) {
    if (loaded(name)) { bridge.call("platformUnloadComponent", name); }
  }

  /* Take away what is loaded, the last first, so that nothing stands without what it needs. */
  function unloadAll() {
    ORDER.slice().reverse().forEach(unload);
  }

  function reloadApi() {
    var dependants = USES_API.filter(loaded);
    dependants.slice().reverse().forEach(unload);
    unload("api");
    if (load("api")) { dependants.forEach(load); }
  }

  function reload(name) {
    if (name === "api") { reloadApi(); return; }
    unload(name);
    load(name);
  }

  /* `api` with the present token; loaded for another address or not at all, it is loaded with all that uses it. */
  function serve() {
    if (!loaded("api")) { return load("api"); }
    var host = bridge.call("apiGetHost");
    if (host.code === 0 && host.data && host.data !== location.origin + "/") { reloadApi(); return loaded("api"); }
    handOver();
    return true;
  }

  /* A fresh token for the modules that work with one. Nothing is torn down. */
  function handOver() {
    if (loaded("api")) {
      bridge.call("apiSetToken", session.token);
      state("api", "good", texts.connected);
    }
    if (loaded("ws")) { bridge.call("wsConnect", socketAddress(), session.token, "wsConnectCallback"); }
  }

  /* Everything behind the device link, in the documented order; what lives on from an earlier visit is kept. */
  function loadRest() {
    ORDER.slice(2).forEach(function (name) {
      if (!loaded(name)) { load(name); return; }
      if (CONNECTED[name]) { connection(name, bridge.call(CONNECTED[name])); } else { ready(name); }
    });
  }

  /* How each module is now. One that Pilot has put away says so; one that waits for its turn goes on waiting. */
  function look() {
    ORDER.forEach(function (name) {
      var known = present[name];
      if (!known || known.state === "waiting" || (known.state === "bad" && !CONNECTED[name])) { return; }
      if (!loaded(name)) {
        if (known.state !== "bad") { state(name, "bad", texts.failed, texts.putAway); }
      } else if (CONNECTED[name]) {
        connection(name, bridge.call(CONNECTED[name]));
      }
    });
  }

  pilot.modules = {
    ORDER: ORDER, state: state, load: load, loaded: loaded, reload: reload, unloadAll: unloadAll, serve: serve,
    handOver: handOver, loadRest: loadRest, look: look, connection: connection,
    states: function () { return present; },
    useAccount: function (given) { account = given; },
  };
})(window.fleetPilot);
