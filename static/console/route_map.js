// A route on the map, in step with its height profile and the list of its points.
import { COLOURS, fitOnce, glyph, makeMap, read } from "./route_base.js";
import { Profile } from "./route_profile.js";

// So many points are numbered on the map itself; of more each says its number when it is pointed at.
const NUMBERED = 150;

const place = document.getElementById("fleet-map");
const drawing = read("route-drawing");
const settings = read("route-configuration");
const map = makeMap(place, settings);
const shown = L.featureGroup().addTo(map);
const table = document.getElementById("points");
const rows = [...table.querySelectorAll("tr[data-point]")];
const spots = [];

function badge(index, number, colour, risky) {
  const icon = document.createElement("span");
  icon.textContent = number;
  icon.style.background = risky ? "#b42318" : colour;
  for (const name of new Set(drawing.actions[index] || [])) {
    const symbol = Object.assign(document.createElement("i"), { className: "material-symbols-outlined", textContent: glyph(name), title: drawing.labels[name] || name });
    icon.append(symbol);
  }
  return L.divIcon({ className: "fleet-route__badge", html: icon, iconSize: [20, 20] });
}

function dot(point, index, colour, risky) {
  const acts = (drawing.actions[index] || []).length > 0;
  return L.circleMarker(point, { radius: acts ? 5 : 3.5, color: risky ? "#b42318" : colour, weight: 2, fillColor: acts ? "#f59e0b" : "#fff", fillOpacity: 1 });
}

const total = drawing.lines.reduce((sum, line) => sum + line.points.length, 0);
drawing.lines.forEach((line, order) => {
  const colour = COLOURS[order % COLOURS.length];
  const points = line.points.map(([latitude, longitude]) => [latitude, longitude]);
  const risky = new Set(line.risky);
  if (line.polygon.length) shown.addLayer(L.polygon(line.polygon, { color: "#1d5fbf", weight: 1, fillOpacity: 0.08, interactive: false }));
  if (line.line.length && !points.length) shown.addLayer(L.polyline(line.line, { color: "#1d5fbf", weight: 2, interactive: false }));
  if (!points.length) return;
  shown.addLayer(L.polyline(points, { color: colour, weight: 3, interactive: false }));
  points.forEach((point, at) => {
    const index = spots.push(point) - 1;
    const number = drawing.numbers[index];
    const marker = total <= NUMBERED ? L.marker(point, { icon: badge(index, number, colour, risky.has(at)), keyboard: false, alt: settings.words.point.replace("%s", number) }) : dot(point, index, colour, risky.has(at));
    marker.on("mouseover", () => choose(index)).on("click", () => choose(index, true));
    shown.addLayer(marker);
  });
});
if (spots.length) shown.addLayer(L.circleMarker(spots[0], { radius: 14, color: "#0f7b46", weight: 3, fill: false, interactive: false }));
place.dataset.points = String(spots.length);

const cursor = L.circleMarker([0, 0], { radius: 11, color: "#b42318", weight: 3, fill: false, interactive: false });
const svg = document.getElementById("profile");
const profile = svg && new Profile(svg, document.getElementById("profile-readout"), settings.words, choose);
if (profile) profile.spots = drawing.spots;
let current = null;

function choose(index, scroll) {
  if (!spots[index]) return;
  cursor.setLatLng(spots[index]).addTo(map);
  profile?.show(index, drawing.numbers[index]);
  current?.removeAttribute("data-current");
  current = rows[index] || null;
  current?.setAttribute("data-current", "");
  if (scroll) current?.scrollIntoView({ block: "nearest" });
}

function pointed(event) {
  const row = event.target.closest("tr[data-point]");
  if (row) choose(Number(row.dataset.point));
  return row;
}
table.addEventListener("mouseover", pointed);
table.addEventListener("focusin", pointed);
table.addEventListener("click", (event) => {
  const row = pointed(event);
  if (row) map.panTo(spots[Number(row.dataset.point)]);
});
fitOnce(map, shown.getBounds());
