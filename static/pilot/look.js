/* In a plain browser nothing can be connected: who is in the workspace, and that is all. */
"use strict";

(function (pilot) {
  var screen = pilot.screen, texts = pilot.texts;

  function line(device) {
    var row = screen.make("li");
    var names = screen.make("div");
    names.appendChild(screen.make("b", "", device.device_callsign));
    names.appendChild(screen.make("small", "", device.device_model.name));
    var badge = screen.make("span", "state");
    screen.badge(badge, device.online_status ? "good" : "waiting", device.online_status ? texts.online : texts.offlineState);
    row.appendChild(names);
    row.appendChild(badge);
    return row;
  }

  pilot.look = async function () {
    pilot.remote.introduce(await pilot.server.ask("GET", "workspaces/current"));
    var found = await pilot.server.ask("GET", "workspaces/" + pilot.session.workspaceId + "/devices/topologies");
    var list = screen.el("devices");
    list.textContent = "";
    found.list.forEach(function (entry) {
      entry.parents.concat(entry.hosts).forEach(function (device) { list.appendChild(line(device)); });
    });
    if (!found.list.length) { list.textContent = texts.noDevices; }
  };
})(window.fleetPilot);
