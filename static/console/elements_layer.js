// The shared elements as a layer of any Leaflet map: what the socket says of them is drawn, and nothing is changed here.
// `fleetElements.layer(map, …)` takes frames; `fleetElements.attach(map, socket)` brings its own socket, for other pages.
window.fleetElements = (() => {
  "use strict";
  const USUAL = "#2D8CF0";
  const NAMED = 60; // so many elements in view have their names beside them

  // A line that crosses the 180th meridian goes on there instead of jumping to the other end of the world.
  function unwrapped(line) {
    let shift = 0;
    return line.map(([longitude, latitude, height], index) => {
      if (index) {
        const step = longitude - line[index - 1][0];
        if (step > 180) shift -= 360;
        else if (step < -180) shift += 360;
      }
      return L.latLng(latitude, longitude + shift, height);
    });
  }

  const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

  // What an element looks like: {kind, at, radius, lines}; null for what cannot be drawn.
  function shape(element) {
    const { geometry, properties = {} } = element.content || {};
    if (!geometry || !Array.isArray(geometry.coordinates)) return null;
    const { coordinates } = geometry;
    const { circle } = properties;
    if (geometry.type === "Point") {
      const [at] = unwrapped([coordinates]);
      return number(properties.radius) > 0 && element.type === 3 ? { kind: "circle", at, radius: properties.radius, lines: [] } : { kind: "point", at, lines: [] };
    }
    if (geometry.type === "LineString") return { kind: "line", lines: [unwrapped(coordinates)] };
    if (geometry.type !== "Polygon") return null;
    if (circle) return { kind: "circle", at: L.latLng(circle.latitude, circle.longitude), radius: circle.radius, lines: [] };
    return { kind: "polygon", lines: coordinates.map(unwrapped) };
  }

  function colour(element) {
    const value = element.content?.properties?.color;
    return /^#[0-9a-f]{6}$/i.test(value) ? value : USUAL;
  }

  // A rim of the map's own colour under each line, so that every colour is seen on every ground.
  function layersOf(element, renderer, chosen, rim, interactive) {
    const found = shape(element);
    if (!found) return null;
    const stroke = { renderer, interactive, color: colour(element), weight: chosen ? 5 : 3, opacity: 1, fillColor: colour(element), fillOpacity: chosen ? 0.3 : 0.16 };
    const under = { renderer, color: rim, weight: chosen ? 9 : 5, opacity: chosen ? 0.9 : 0.6, fill: false };
    const pair = (make) => L.featureGroup([make({ ...under, interactive: false }), make(stroke)]);
    if (found.kind === "point") return L.featureGroup([L.circleMarker(found.at, { renderer, interactive, radius: chosen ? 10 : 7, color: rim, weight: 2.5, fillColor: colour(element), fillOpacity: 1 })]);
    if (found.kind === "circle") return pair((style) => L.circle(found.at, { ...style, radius: found.radius }));
    if (found.kind === "line") return pair((style) => L.polyline(found.lines[0], { ...style, fill: false }));
    return pair((style) => L.polygon(found.lines, style));
  }

  function label(name) {
    const made = document.createElement("span");
    made.textContent = name; // a name is text, whatever it looks like
    return made;
  }

  // `click` gets an id, `changed` is told after each frame, `busy` says that a click is not meant for an element.
  function layer(map, { click = null, changed = () => {}, busy = () => false } = {}) {
    const elements = new Map();
    const groups = new Map();
    const drawn = new Map();
    const names = new Map(); // of those in view: what was named, and its tooltip
    const apart = new Set(); // what is drawn by somebody else meanwhile
    let chosen = null;
    let naming = 0;
    map.createPane("elements").style.zIndex = 390;
    const renderer = L.canvas({ pane: "elements", padding: 0.3, tolerance: 6 });
    const rim = () => getComputedStyle(map.getContainer()).getPropertyValue("--casing").trim() || "#ffffff";

    function wipe(id) {
      drawn.get(id)?.remove();
      drawn.delete(id);
    }

    function draw(id, paint = rim()) {
      wipe(id);
      const element = elements.get(id);
      if (!element || element.hidden || apart.has(id)) return;
      const made = layersOf(element, renderer, id === chosen, paint, Boolean(click));
      if (!made) return;
      if (click)
        made.on("click", (event) => {
          if (busy()) return;
          L.DomEvent.stopPropagation(event);
          click(id);
        });
      drawn.set(id, made.addTo(map));
    }

    function nameSoon() {
      cancelAnimationFrame(naming);
      naming = requestAnimationFrame(name);
    }

    function inView() {
      const view = map.getBounds();
      const seen = new Map();
      for (const [id, made] of drawn) {
        if (!view.intersects(made.getBounds())) continue;
        seen.set(id, made);
        if (seen.size > NAMED) return new Map();
      }
      return seen;
    }

    // Every new tooltip makes the browser lay out the page, so those that may stay do.
    function name() {
      const seen = inView();
      for (const [id, { element, tooltip }] of [...names])
        if (!seen.has(id) || elements.get(id) !== element) {
          tooltip.remove();
          names.delete(id);
        }
      for (const [id, made] of seen) {
        if (names.has(id)) continue;
        const element = elements.get(id);
        const { kind, lines } = shape(element);
        const at = kind === "line" ? lines[0][Math.floor((lines[0].length - 1) / 2)] : made.getBounds().getCenter();
        const options = { permanent: true, direction: kind === "polygon" || kind === "circle" ? "center" : "bottom", offset: kind === "point" ? [0, 6] : [0, 0], className: "fleet-element-name", opacity: 1, interactive: false };
        names.set(id, { element, tooltip: L.tooltip(options).setLatLng(at).setContent(label(element.name)).addTo(map) });
      }
    }

    function drawAll() {
      const paint = rim();
      for (const id of elements.keys()) draw(id, paint);
      nameSoon();
    }

    function forget(id) {
      elements.delete(id);
      wipe(id);
    }

    function take(frame) {
      const touched = new Set();
      if (frame.kind === "groups") {
        groups.clear();
        for (const group of frame.groups) groups.set(group.id, group);
        for (const [id, element] of [...elements]) if (!groups.has(element.group)) touched.add(id) && forget(id);
      } else if (frame.kind === "elements") {
        const paint = rim();
        for (const element of frame.elements) {
          if (element.at < elements.get(element.id)?.at) continue; // an answer was faster than the news
          elements.set(element.id, element);
          touched.add(element.id);
          draw(element.id, paint);
        }
      } else if (frame.kind === "gone" || frame.kind === "complete") {
        const listed = new Set(frame.ids);
        const gone = frame.kind === "gone" ? frame.ids : [...elements.keys()].filter((id) => !listed.has(id));
        for (const id of gone) if (elements.has(id)) touched.add(id) && forget(id);
      } else return;
      nameSoon();
      changed(frame.kind, touched);
    }

    map.on("moveend", nameSoon);
    new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

    return {
      elements,
      groups,
      take,
      bounds(ids = [...drawn.keys()]) {
        const found = L.latLngBounds([]);
        for (const id of ids) if (drawn.has(id)) found.extend(drawn.get(id).getBounds());
        return found;
      },
      choose(id) {
        const before = chosen;
        chosen = id;
        for (const each of [before, id]) if (each) draw(each);
      },
      // While somebody edits an element here, it is theirs to draw.
      setApart(id, is) {
        if (is) apart.add(id);
        else apart.delete(id);
        draw(id);
        nameSoon();
      },
    };
  }

  function attach(map, socket) {
    const made = layer(map);
    window.fleetSocket(socket, made.take, () => {});
    return made;
  }

  return { shape, colour, layer, attach };
})();
