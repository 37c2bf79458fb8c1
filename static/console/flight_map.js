// The flight on a map: the plan, the track coloured by height or speed, take-off, landing and the aircraft.
window.flightMap = (configuration) => {
  "use strict";
  const { words } = configuration;
  const STEPS = 24;
  const STOPS = ["#3b4cc0", "#2aa7c9", "#3fb66b", "#e3b32c", "#d9482b"]; // as in the legend
  const place = document.getElementById("fleet-map");
  const map = L.map(place, { preferCanvas: true, maxZoom: 21, zoomSnap: 0.5 }).setView([20, 0], 2);
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false }).addTo(map);
  window.fleetBaseMap(map, configuration.atlas, words.noMap);
  if (configuration.tiles) L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 21 }).addTo(map);
  const plan = L.featureGroup().addTo(map);
  const flown = L.layerGroup().addTo(map);
  const marks = L.layerGroup().addTo(map);
  let aircraft = null;
  let fitted = false;
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(place);

  // The plan is drawn around the track's own turn of the earth.
  function drawPlan(near) {
    plan.clearLayers();
    const stroke = getComputedStyle(place).getPropertyValue("--plan").trim();
    for (const line of configuration.plan) {
      const shift = near === null ? 0 : 360 * Math.round((near - line[0][1]) / 360);
      let before = line[0][1] + shift;
      const points = line.map(([latitude, longitude]) => {
        before = longitude + 360 * Math.round((before - longitude) / 360);
        return [latitude, before];
      });
      plan.addLayer(L.polyline(points, { color: stroke, weight: 3, dashArray: "6 6", opacity: 0.8 }).bindTooltip(words.plan, { sticky: true }));
    }
    place.dataset.plan = String(configuration.plan.length);
  }

  function mix(share) {
    const at = Math.min(0.9999, Math.max(0, share)) * (STOPS.length - 1);
    const [a, b] = [STOPS[Math.floor(at)], STOPS[Math.floor(at) + 1]];
    const part = (colour, index) => parseInt(colour.slice(1 + 2 * index, 3 + 2 * index), 16);
    return "rgb(" + [0, 1, 2].map((index) => Math.round(part(a, index) + (at % 1) * (part(b, index) - part(a, index)))).join(",") + ")";
  }

  // Stretches of one colour become one line. Returns the range that the colours stand for, null when nothing is known.
  function drawTrack(track, column) {
    flown.clearLayers();
    const values = track[column];
    const known = values.filter((value) => value !== null && value !== undefined);
    const low = known.reduce((least, value) => Math.min(least, value), Infinity);
    const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
    const step = (value) => (value === null || value === undefined || high - low < 0.5 ? 0 : Math.min(STEPS - 1, Math.floor(((value - low) / (high - low)) * STEPS)));
    const lines = new Map();
    let last = -1;
    for (let index = 1; index < track.length; index += 1) {
      const now = step(values[index]);
      if (!lines.has(now)) lines.set(now, []);
      const parts = lines.get(now);
      if (now !== last) parts.push([[track.latitude[index - 1], track.longitude[index - 1]]]);
      parts[parts.length - 1].push([track.latitude[index], track.longitude[index]]);
      last = now;
    }
    L.polyline([...lines.values()].flat(), { color: "#fff", weight: 6, opacity: 0.55, interactive: false }).addTo(flown);
    for (const [now, parts] of lines) L.polyline(parts, { color: mix(now / (STEPS - 1)), weight: 3.5, interactive: false }).addTo(flown);
    place.dataset.points = String(track.length);
    return known.length ? [low, high] : null;
  }

  function dot(track, index, fill, text) {
    L.circleMarker([track.latitude[index], track.longitude[index]], { radius: 7, color: "#fff", weight: 2, fillColor: fill, fillOpacity: 1 }).bindTooltip(text).addTo(marks);
  }

  // `end` is what stands at the last point: "landed", "lost", or nothing while it flies.
  function draw(track, column, end) {
    drawPlan(track.length ? track.longitude[0] : null);
    const range = drawTrack(track, column);
    marks.clearLayers();
    if (track.length) {
      if (end) dot(track, track.length - 1, end === "lost" ? "#92600a" : "#b42318", end === "lost" ? words.lost : words.landing);
      dot(track, 0, "#0f7b46", words.takeOff);
    }
    if (!fitted) fit(track);
    return range;
  }

  function fit(track) {
    const bounds = L.latLngBounds(track.latitude.map((latitude, index) => [latitude, track.longitude[index]]));
    if (!bounds.isValid() && plan.getLayers().length) bounds.extend(plan.getBounds());
    if (!bounds.isValid()) return;
    fitted = track.length > 1;
    map.fitBounds(bounds.pad(0.12), { maxZoom: 18, animate: false });
  }

  const plane = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 19 21 12 17 5 21Z" fill="#16181d" stroke="#fff" stroke-width="1.5"/></svg>';
  function move(now) {
    const at = [now.latitude, now.longitude];
    if (!aircraft) {
      const icon = L.divIcon({ className: "fleet-flight__aircraft", html: plane, iconSize: [26, 26] });
      aircraft = L.marker(at, { icon, title: configuration.name, alt: configuration.name, keyboard: false, zIndexOffset: 1000 }).addTo(map);
    }
    aircraft.setLatLng(at);
    if (now.heading !== null && now.heading !== undefined) aircraft.getElement().firstElementChild.style.transform = "rotate(" + Math.round(now.heading) + "deg)";
    place.dataset.aircraft = now.latitude.toFixed(6) + "," + now.longitude.toFixed(6);
  }

  return { draw, move };
};
