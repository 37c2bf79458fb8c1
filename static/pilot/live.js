/* Live video from the remote itself: who may start it, where it goes, and how it runs. */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, screen = pilot.screen, texts = pilot.texts, el = screen.el;
  var LOOK = 2000;
  //: the protocol's types of a live address, and what each needs
  var FIELDS = {
    1: ["uid", "token", "channelId"],
    2: ["url"],
    3: ["userName", "password", "port"],
    4: ["serverIp", "serverPort", "serverId", "agentId", "password", "agentPort", "agentChannel"],
  };
  var timer = 0;
  var told = null; // what the callback said last
  var mode = ""; // Pilot does not tell it: what it was loaded with, or what was set here

  window.liveStatusCallback = function (raw) {
    told = bridge.parse(raw).data;
    paint(told);
  };

  function config() {
    var answer = bridge.call("liveshareGetConfig");
    var found = answer.code === 0 ? inner(answer.data) : null;
    return { type: found ? Number(found.type) || 0 : 0, params: (found && inner(found.params)) || {} };
  }

  /* Pilot answers JSON inside JSON here and there. */
  function inner(value) {
    if (typeof value !== "string") { return value && typeof value === "object" ? value : null; }
    try { return JSON.parse(value); } catch (error) { return null; }
  }

  function open() {
    var there = pilot.inPilot && pilot.modules.loaded("liveshare");
    el("live-missing").hidden = there;
    el("live-form").hidden = !there;
    window.clearInterval(timer);
    if (!there) { return; }
    var now = config();
    mode = mode || pilot.settings.live.mode;
    el("live-mode").value = mode;
    el("live-type").value = String(now.type || 2);
    fields(now.params);
    el("live-address").textContent = pilot.settings.live.url || texts.noLiveAddress;
    look();
    timer = window.setInterval(function () {
      if (screen.tab === "live") { look(); } else { window.clearInterval(timer); }
    }, LOOK);
  }

  function fields(values) {
    var type = Number(el("live-type").value);
    var place = el("live-fields");
    place.textContent = "";
    FIELDS[type].forEach(function (name) {
      var label = screen.make("label", "", texts.liveFields[name] || name);
      var input = screen.make("input");
      input.name = name;
      input.id = "live-" + name;
      label.htmlFor = input.id;
      input.autocapitalize = "none";
      input.spellcheck = false;
      if (name === "password" || name === "token") { input.type = "password"; input.autocomplete = "off"; }
      if (/port$/i.test(name)) { input.inputMode = "numeric"; }
      input.value = values[name] !== undefined ? String(values[name]) : "";
      if (type === 2 && !input.value) { input.value = pilot.settings.live.url; }
      place.appendChild(label);
      place.appendChild(input);
    });
  }

  function apply() {
    var params = {};
    Array.prototype.forEach.call(el("live-fields").querySelectorAll("input"), function (input) {
      params[input.name] = input.value.trim();
    });
    var empty = Object.keys(params).filter(function (name) { return !params[name]; });
    if (empty.length) {
      screen.told("live-told", { code: -1, message: texts.liveFields[empty[0]] + ": " + texts.isEmpty }, "");
      return false;
    }
    var answer = bridge.call("liveshareSetConfig", Number(el("live-type").value), JSON.stringify(params));
    return screen.told("live-told", answer, texts.saved);
  }

  function look() {
    var answer = bridge.call("liveshareGetStatus");
    var data = answer.code === 0 ? inner(answer.data) : null;
    paint(data || told);
  }

  function paint(status) {
    var known = status && texts.liveStates[String(status.status)];
    var kind = !status ? "waiting" : status.status === 2 ? "good" : status.status === 1 ? "wait" : "waiting";
    screen.badge(el("live-state"), kind, known || texts.liveUnknown);
    var facts = el("live-facts");
    facts.textContent = "";
    if (!status) { return; }
    Object.keys(texts.liveFacts).forEach(function (name) {
      if (status[name] === undefined || status[name] === null || !status.status) { return; }
      facts.appendChild(screen.make("dt", "", texts.liveFacts[name]));
      facts.appendChild(screen.make("dd", "", String(status[name])));
    });
  }

  function setMode() {
    var wanted = el("live-mode").value;
    var name = "liveshareSetVideoPublishType";
    var answer;
    if (!bridge.has(name) && window.liveshare && typeof window.liveshare.setVideoPublishType === "function") {
      answer = bridge.parse(window.liveshare.setVideoPublishType(wanted)); // so it stands on the page of the protocol
    } else {
      answer = bridge.call(name, wanted);
    }
    if (screen.told("live-told", answer, texts.saved)) { mode = wanted; }
    el("live-mode").value = mode;
  }

  screen.onOpen("live", open);
  el("live-type").addEventListener("change", function () { fields({}); });
  el("live-mode").addEventListener("change", setMode);
  el("live-form").addEventListener("submit", function (event) { event.preventDefault(); apply(); });
  el("live-start").addEventListener("click", function () {
    if (apply()) { screen.told("live-told", bridge.call("liveshareStartLive"), texts.liveStarted); look(); }
  });
  el("live-stop").addEventListener("click", function () {
    screen.told("live-told", bridge.call("liveshareStopLive"), texts.liveStopped);
    look();
  });
})(window.fleetPilot);
