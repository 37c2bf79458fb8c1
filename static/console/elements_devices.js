// Docks, remotes and aircraft behind the drawings, small and still: one draws where they are.
window.fleetElementDevices = (map, socket) => {
  "use strict";
  const { dot } = window.fleetIcons;
  const devices = new Map();
  map.createPane("devices").style.zIndex = 380;
  const renderer = L.canvas({ pane: "devices", padding: 0.3 });
  const colour = (name) => getComputedStyle(document.getElementById("fleet-map")).getPropertyValue("--" + name).trim();

  function draw(device) {
    const { lat, lon, heading } = device.summary;
    if (lat === undefined) return device.dot?.remove();
    if (!device.dot) {
      device.dot = dot(device, renderer);
      device.dot.options.interactive = false;
    }
    Object.assign(device.dot.options, { heading, fillColor: colour(device.online ? "online" : "offline"), color: colour("rim") });
    device.dot.setLatLng([lat, lon]);
    if (!map.hasLayer(device.dot)) device.dot.addTo(map);
  }

  function take(frame) {
    if (frame.kind === "state" || frame.kind === "devices") {
      for (const id of frame.gone || []) {
        devices.get(id)?.dot?.remove();
        devices.delete(id);
      }
    }
    for (const fresh of frame.devices || []) {
      const device = Object.assign(devices.get(fresh.id) || { summary: {}, domain: fresh.domain }, fresh);
      devices.set(fresh.id, device);
      draw(device);
    }
  }

  map.getPane("devices").style.opacity = 0.55;
  new MutationObserver(() => devices.forEach(draw)).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  window.fleetSocket(socket, take, () => {});
  return { places: () => [...devices.values()].filter(({ summary }) => summary.lat !== undefined).map(({ summary }) => [summary.lat, summary.lon]) };
};
