// The points that are drawn, on the map: to be chosen, dragged, moved with keys, put between others.
// `hooks`: added(latlng), chosen(index), inserted(index, latlng), moved(index, latlng), pointed(index), removed(index).

// More markers than this make a page slow; then points are dots and only the chosen one can be taken hold of.
const HANDLES = 200;
const MIDDLES = 80;
const METRE = 1 / 111320;
const STEPS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };

export class Board {
  constructor(map, words, hooks) {
    Object.assign(this, { map, words, hooks });
    this.layer = L.layerGroup().addTo(map);
    this.lines = L.layerGroup().addTo(map);
    this.cursor = L.circleMarker([0, 0], { radius: 12, color: "#b42318", weight: 3, fill: false, interactive: false });
    map.on("click", ({ latlng }) => hooks.added(latlng.wrap()));
  }

  draw(points, chosen, area) {
    const held = document.activeElement?.classList.contains("fleet-editor__point");
    this.layer.clearLayers();
    const places = points.map((point) => [point.latitude, point.longitude]);
    const ring = area && places.length > 2 ? [...places, places[0]] : places;
    if (area && places.length > 2) this.layer.addLayer(L.polygon(places, { stroke: false, fillColor: "#1d5fbf", fillOpacity: 0.1, interactive: false }));
    this.way = L.polyline(ring, { color: area ? "#1d5fbf" : "#7c3aed", weight: 3, bubblingMouseEvents: false });
    this.way.on("click", (event) => this.hooks.inserted(this.segment(ring, event.latlng), event.latlng.wrap()));
    if (ring.length > 1) this.layer.addLayer(this.way);
    const handles = points.length <= HANDLES;
    points.forEach((point, index) => {
      if (handles || index === chosen) this.layer.addLayer(this.handle(places, index, index === chosen, ring.length > places.length));
      else this.layer.addLayer(this.dot(point, places[index], index));
    });
    if (points.length <= MIDDLES) for (let index = 0; index + 1 < ring.length; index++) this.layer.addLayer(this.middle(ring, index));
    if (held) this.focus();
  }

  focus() {
    this.map.getContainer().querySelector(".fleet-editor__point[data-chosen]")?.focus({ preventScroll: true });
  }

  dot(point, at, index) {
    const made = L.circleMarker(at, { radius: 4, color: "#7c3aed", weight: 2, fillColor: point.actions?.length ? "#f59e0b" : "#fff", fillOpacity: 1, bubblingMouseEvents: false });
    return made.on("click", () => this.hooks.chosen(index)).on("mouseover", () => this.hooks.pointed(index));
  }

  handle(places, index, chosen, closed) {
    const label = this.words.point.replace("%s", index + 1);
    const icon = L.divIcon({ className: "fleet-editor__point", html: String(index + 1), iconSize: [22, 22] });
    const made = L.marker(places[index], { icon, draggable: true, keyboard: true, title: label, alt: label, zIndexOffset: chosen ? 1000 : 0 });
    made.on("click", () => this.hooks.chosen(index));
    made.on("mouseover", () => this.hooks.pointed(index));
    made.on("drag", ({ latlng }) => {
      const moved = places.map((place, other) => (other === index ? latlng : place));
      this.way.setLatLngs(closed ? [...moved, moved[0]] : moved);
    });
    made.on("dragend", () => this.hooks.moved(index, made.getLatLng().wrap()));
    made.on("add", () => {
      const element = made.getElement();
      element.setAttribute("aria-label", label);
      if (chosen) element.dataset.chosen = "";
      L.DomEvent.on(element, "keydown", (event) => this.key(event, index, made));
    });
    return made;
  }

  key(event, index, marker) {
    const step = STEPS[event.key];
    if (!step && event.key !== "Delete" && event.key !== "Backspace") return;
    L.DomEvent.stop(event); // else the map would walk away under the point
    if (step) {
      const far = (event.shiftKey ? 10 : 1) * METRE;
      const at = marker.getLatLng();
      const narrow = Math.max(0.01, Math.cos((at.lat * Math.PI) / 180));
      this.hooks.moved(index, L.latLng(at.lat + step[0] * far, at.lng + (step[1] * far) / narrow).wrap());
    } else this.hooks.removed(index);
    this.focus();
  }

  middle(ring, index) {
    const at = L.latLng((ring[index][0] + ring[index + 1][0]) / 2, (ring[index][1] + ring[index + 1][1]) / 2);
    const made = L.marker(at, { icon: L.divIcon({ className: "fleet-editor__middle", iconSize: [12, 12] }), keyboard: false, alt: "" });
    return made.on("click", () => this.hooks.inserted(index + 1, at));
  }

  // Between which two points a place on the line lies: the index that a new point gets.
  segment(ring, latlng) {
    const at = this.map.latLngToLayerPoint(latlng);
    const spots = ring.map((place) => this.map.latLngToLayerPoint(place));
    let best = 1;
    let least = Infinity;
    for (let index = 1; index < spots.length; index++) {
      const away = L.LineUtil.pointToSegmentDistance(at, spots[index - 1], spots[index]);
      if (away < least) [least, best] = [away, index];
    }
    return best;
  }

  // What the server computed: the lines of a survey.
  path(places) {
    this.lines.clearLayers();
    if (!places?.length) return;
    this.lines.addLayer(L.polyline(places, { color: "#7c3aed", weight: 2, interactive: false }));
    this.lines.addLayer(L.circleMarker(places[0], { radius: 6, color: "#0f7b46", fillColor: "#0f7b46", fillOpacity: 1, interactive: false }));
  }

  point(latlng) {
    this.cursor.setLatLng(latlng).addTo(this.map);
  }
}
