// A mission on the map: the plan, where the aircraft has been, where it is.
(() => {
  "use strict";
  const place = document.getElementById("fleet-map");
  if (!place) return;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const drawing = read("mission-drawing");
  const settings = read("mission-configuration");
  const words = settings.words;
  const map = L.map(place, { preferCanvas: true, zoomControl: true, maxZoom: 21 }).setView([20, 0], 2);
  map.attributionControl.setPrefix("");
  window.fleetBaseMap(map, settings.atlas, words.noMap);
  if (settings.tiles) L.tileLayer(settings.tiles, { attribution: settings.attribution, maxZoom: 21 }).addTo(map);

  const points = (wayline) => (Array.isArray(wayline) ? wayline : wayline.points || []).map(([lat, lon]) => [lat, lon]);
  const shown = L.featureGroup();
  for (const wayline of drawing.outline || []) {
    const line = points(wayline);
    if (!line.length) continue;
    shown.addLayer(L.polyline(line, { color: "#7c3aed", weight: 3, dashArray: "6 6", interactive: false }));
    if (line.length <= 300)
      line.forEach((point, index) => shown.addLayer(L.circleMarker(point, { radius: 4, color: "#7c3aed", weight: 2, fillColor: "#fff", fillOpacity: 1 }).bindTooltip(String(index + 1))));
    shown.addLayer(L.circleMarker(line[0], { radius: 7, color: "#0f7b46", fillColor: "#0f7b46", fillOpacity: 1 }).bindTooltip(words.start));
  }
  for (const dock of drawing.docks || []) {
    const icon = L.divIcon({ className: "fleet-mission__home", iconSize: [14, 14] });
    shown.addLayer(L.marker(dock.at, { icon, title: dock.name, alt: dock.name }));
  }
  if (drawing.breakPoint && drawing.breakPoint.latitude)
    shown.addLayer(L.circleMarker([drawing.breakPoint.latitude, drawing.breakPoint.longitude], { radius: 7, color: "#b42318", fillColor: "#b42318", fillOpacity: 1 }).bindTooltip(words.breakPoint));
  const track = L.polyline([], { color: "#1d5fbf", weight: 4, interactive: false }).addTo(map);
  const home = L.polyline([], { color: "#d97706", weight: 3, dashArray: "2 6", interactive: false }).addTo(map);
  shown.addTo(map);

  let aircraft = null;
  const plane = '<svg viewBox="0 0 24 24"><path d="M12 2 19 21 12 17 5 21Z" fill="#1d5fbf" stroke="#fff" stroke-width="1.5"/></svg>';
  function move(frame) {
    const at = [frame.lat, frame.lon];
    if (!aircraft)
      aircraft = L.marker(at, { icon: L.divIcon({ className: "fleet-mission__aircraft", html: plane, iconSize: [22, 22] }), title: words.aircraft, alt: words.aircraft, zIndexOffset: 1000 }).addTo(map);
    aircraft.setLatLng(at);
    const svg = aircraft.getElement()?.firstElementChild;
    if (svg) svg.style.transform = `rotate(${frame.heading || 0}deg)`;
    if (drawing.active) track.addLatLng(at);
  }
  function draw(line) {
    track.setLatLngs(line.map(([lat, lon]) => [lat, lon]));
    place.dataset.track = String(line.length);
  }
  function comeHome(way) {
    home.setLatLngs(way);
    place.dataset.wayHome = String(way.length);
  }
  draw(drawing.track || []);
  comeHome(drawing.wayHome || []);
  const bounds = shown.getBounds();
  if (track.getLatLngs().length) bounds.extend(track.getBounds());
  // The console's frame shows its content late: a map that was made without a size has to be told of it.
  let fitted = false;
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (fitted || !place.clientWidth || !bounds.isValid()) return;
    fitted = true;
    map.fitBounds(bounds.pad(0.15), { maxZoom: 18, animate: false });
  }).observe(place);

  document.querySelector("[data-live]")?.addEventListener("fleet-frame", ({ detail }) => {
    if (detail.kind === "track") draw(detail.points);
    else if (detail.kind === "way-home") comeHome(detail.points);
    else if (detail.kind === "position") {
      // Whether it flies is said by the page's own status, which the server keeps up to date.
      drawing.active = Boolean(document.querySelector("#fleet-mission progress"));
      move(detail);
      place.dataset.aircraft = `${detail.lat},${detail.lon}`;
      if (drawing.active) place.dataset.track = String(track.getLatLngs().length);
    }
  });
})();
