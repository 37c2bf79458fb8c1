// A route on the map, in step with its height profile and the list of its points.
(() => {
  "use strict";
  const place = document.getElementById("fleet-map");
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const drawing = read("route-drawing");
  const settings = read("route-configuration");
  const map = L.map(place, { preferCanvas: true, maxZoom: 21 }).setView([20, 0], 2);
  map.attributionControl.setPrefix("");
  window.fleetBaseMap(map, settings.atlas, settings.words.noMap);
  if (settings.tiles) L.tileLayer(settings.tiles, { attribution: settings.attribution, maxZoom: 21 }).addTo(map);
  const shown = L.featureGroup().addTo(map);
  const spots = [];
  for (const line of drawing.outline) {
    const points = (line.points || []).map(([lat, lon]) => [lat, lon]);
    if (line.polygon && line.polygon.length) shown.addLayer(L.polygon(line.polygon, { color: "#1d5fbf", weight: 1, fillOpacity: 0.08, interactive: false }));
    if (!points.length) continue;
    shown.addLayer(L.polyline(points, { color: "#7c3aed", weight: 3, interactive: false }));
    const doing = new Set((line.actions || []).map((action) => action.point));
    points.forEach((point, index) => {
      const number = spots.push(point) - 1;
      const marker = L.circleMarker(point, { radius: doing.has(index) ? 6 : 4, color: "#7c3aed", weight: 2, fillColor: doing.has(index) ? "#f59e0b" : "#fff", fillOpacity: 1 });
      marker.on("mouseover", () => choose(number)).on("click", () => choose(number, true));
      if (points.length <= 300) marker.bindTooltip(String(index + 1));
      shown.addLayer(marker);
    });
    shown.addLayer(L.circleMarker(points[0], { radius: 7, color: "#0f7b46", fillColor: "#0f7b46", fillOpacity: 1, interactive: false }));
  }
  place.dataset.points = String(spots.length);
  const cursor = L.circleMarker([0, 0], { radius: 9, color: "#b42318", weight: 3, fill: false, interactive: false });
  const line = document.getElementById("profile-cursor");
  function choose(number, scroll) {
    if (!spots[number]) return;
    cursor.setLatLng(spots[number]).addTo(map);
    if (line && drawing.spots[number]) for (const end of ["x1", "x2"]) line.setAttribute(end, drawing.spots[number][0]);
    for (const row of document.querySelectorAll("#points tr[data-current]")) row.removeAttribute("data-current");
    const row = document.querySelector(`#points tr[data-point="${number}"]`);
    if (!row) return;
    row.setAttribute("data-current", "");
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }
  document.getElementById("points").addEventListener("mouseover", (event) => {
    const row = event.target.closest("tr[data-point]");
    if (row) choose(Number(row.dataset.point));
  });
  document.getElementById("profile")?.addEventListener("mousemove", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * event.currentTarget.viewBox.baseVal.width;
    let nearest = 0;
    drawing.spots.forEach((spot, index) => {
      if (Math.abs(spot[0] - x) < Math.abs(drawing.spots[nearest][0] - x)) nearest = index;
    });
    choose(nearest, true);
  });
  let fitted = false;
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    const bounds = shown.getBounds();
    if (fitted || !place.clientWidth || !bounds.isValid()) return;
    fitted = true;
    map.fitBounds(bounds.pad(0.15), { maxZoom: 18, animate: false });
  }).observe(place);
})();
