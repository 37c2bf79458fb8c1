/* What one sees: sections, notices, badges, tabs. Chrome 80 has to understand every script of this page. */
"use strict";

window.fleetPilot = {};

(function (pilot) {
  var SECTIONS = ["busy", "login", "choice", "home"];
  var ARMED = 4000; // how long a button waits for its second tap

  function read(id) { return JSON.parse(document.getElementById(id).textContent); }

  pilot.config = read("pilot-config");
  pilot.texts = read("pilot-texts");
  pilot.inPilot = window.fleetBridge.present();

  function el(id) { return document.getElementById(id); }

  function make(tag, className, text) {
    var made = document.createElement(tag);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function show(section) {
    SECTIONS.forEach(function (id) { el(id).hidden = id !== section; });
    el("logout").hidden = section !== "home" && section !== "choice";
    el("browser-hint").hidden = pilot.inPilot;
    el("languages").hidden = section !== "login";
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

  function badge(node, kind, text) {
    node.setAttribute("data-state", kind);
    node.textContent = text;
  }

  function open(tab) {
    Array.prototype.forEach.call(document.querySelectorAll("[data-panel]"), function (panel) {
      panel.hidden = panel.getAttribute("data-panel") !== tab;
    });
    Array.prototype.forEach.call(document.querySelectorAll("[data-tab]"), function (button) {
      button.setAttribute("aria-selected", button.getAttribute("data-tab") === tab ? "true" : "false");
    });
    screen.tab = tab;
    el("home").scrollTop = 0;
    (listeners[tab] || []).forEach(function (listener) { listener(); });
  }

  var listeners = {};

  /* A button that ends something asks once more: gloves and sun make for wrong taps. */
  function twice(button, words, act) {
    var calmWords = button.textContent;
    var timer = 0;
    function disarm() {
      window.clearTimeout(timer);
      timer = 0;
      button.textContent = calmWords;
      button.classList.remove("armed");
    }
    button.addEventListener("click", function () {
      if (timer) { disarm(); act(); return; }
      button.textContent = words;
      button.classList.add("armed");
      timer = window.setTimeout(disarm, ARMED);
    });
  }

  var screen = pilot.screen = {
    el: el, make: make, show: show, complain: complain, calm: calm, badge: badge, open: open, twice: twice,
    tab: "connection",

    /* Call `listener` each time this tab is opened. */
    onOpen: function (tab, listener) { (listeners[tab] = listeners[tab] || []).push(listener); },

    /* What a bridge call answered, in words, below the controls that made it. */
    told: function (id, answer, good) {
      var place = el(id);
      var failed = answer.code !== 0 || answer.data === false;
      place.hidden = false;
      place.setAttribute("data-state", failed ? "bad" : "good");
      place.textContent = failed ? pilot.screen.why(answer) : good;
      return !failed;
    },

    /* Why Pilot did not do something. */
    why: function (answer) {
      if (answer.missing) { return pilot.texts.noFunction.replace("%s", answer.missing); }
      return answer.message ? pilot.texts.pilotSays.replace("%s", answer.message) : pilot.texts.pilotSilent;
    },
  };

  Array.prototype.forEach.call(document.querySelectorAll("[data-tab]"), function (button) {
    button.addEventListener("click", function () { open(button.getAttribute("data-tab")); });
  });
  Array.prototype.forEach.call(document.querySelectorAll("[data-language]"), function (button) {
    button.addEventListener("click", function () {
      document.cookie = pilot.config.languageCookie + "=" + button.getAttribute("data-language") + "; path=/; max-age=31536000; samesite=lax";
      location.reload();
    });
  });
})(window.fleetPilot);
