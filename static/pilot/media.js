/* What Pilot uploads by itself. The present values are Pilot's own; the workspace only says how they begin. */
"use strict";

(function (pilot) {
  var bridge = window.fleetBridge, screen = pilot.screen, texts = pilot.texts, el = screen.el;
  var SWITCHES = { "media-photo": "AutoUploadPhoto", "media-video": "AutoUploadVideo" };
  var CHOICES = { "media-type": "UploadPhotoType", "media-owner": "DownloadOwner" };

  function open() {
    var there = pilot.inPilot && pilot.modules.loaded("media");
    el("media-missing").hidden = there;
    el("media-form").hidden = !there;
    el("media-told").hidden = true;
    if (there) { read(); }
  }

  function read() {
    Object.keys(SWITCHES).forEach(function (id) {
      var answer = bridge.call("mediaGet" + SWITCHES[id]);
      el(id).disabled = answer.code !== 0;
      el(id).checked = bridge.isTrue(answer);
    });
    Object.keys(CHOICES).forEach(function (id) {
      var answer = bridge.call("mediaGet" + CHOICES[id]);
      el(id).disabled = answer.code !== 0;
      el(id).value = answer.code === 0 ? String(Number(answer.data)) : "";
    });
    el("media-type").disabled = el("media-type").disabled || !el("media-photo").checked;
  }

  function set(name, value) {
    screen.told("media-told", bridge.call("mediaSet" + name, value), texts.saved);
    read(); // what Pilot made of it, not what was asked
  }

  Object.keys(SWITCHES).forEach(function (id) {
    el(id).addEventListener("change", function () { set(SWITCHES[id], el(id).checked); });
  });
  Object.keys(CHOICES).forEach(function (id) {
    el(id).addEventListener("change", function () { set(CHOICES[id], Number(el(id).value)); });
  });
  screen.onOpen("media", open);
})(window.fleetPilot);
