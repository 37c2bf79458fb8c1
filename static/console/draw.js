// Drawing and editing on a Leaflet map, with the tools of leaflet-geoman: what comes out is GeoJSON.
window.fleetDraw = (map, page) => {
  "use strict";
  const { hint, words, drawn } = page;
  const EARTH = 6371000; // metres, as Leaflet measures
  const CORNERS = 72;
  const MANY = 300; // corners from which on only the nearest ones can be grabbed
  const TOOLS = { point: "Marker", line: "Line", polygon: "Polygon", circle: "Circle" };
  const HINTS = { point: words.hintPoint, line: words.hintLine, polygon: words.hintPolygon, circle: words.hintCircle };
  let drawing = "";

  const round = (value) => Math.round(value * 1e8) / 1e8;
  const onEarth = (longitude) => round(((((longitude + 180) % 360) + 360) % 360) - 180);
  const place = ({ lat, lng, alt }) => [onEarth(lng), round(lat), ...(Number.isFinite(alt) ? [alt] : [])];

  // A circle is a polygon that remembers what it was drawn as, for remotes know no circles.
  function ring({ lat, lng }, radius) {
    const radians = Math.PI / 180;
    const angle = radius / EARTH;
    const corners = [];
    for (let corner = 0; corner < CORNERS; corner += 1) {
      const course = (2 * Math.PI * corner) / CORNERS;
      const there = Math.asin(Math.sin(lat * radians) * Math.cos(angle) + Math.cos(lat * radians) * Math.sin(angle) * Math.cos(course));
      const across = Math.atan2(Math.sin(course) * Math.sin(angle) * Math.cos(lat * radians), Math.cos(angle) - Math.sin(lat * radians) * Math.sin(there));
      corners.push([onEarth(lng + across / radians), round(there / radians)]);
    }
    return [...corners, corners[0]];
  }

  // Corners that were moved or added have no height yet: they take their neighbours'.
  function withHeights(line, before) {
    const known = before.filter((point) => Number.isFinite(point.alt));
    if (!known.length) return line;
    const same = (a, b) => a.lat === b.lat && a.lng === b.lng;
    const found = line.map((point, index) => {
      const own = Number.isFinite(point.alt) ? point.alt : known.find((other) => same(other, point))?.alt;
      return own ?? (line.length === before.length ? before[index].alt : undefined);
    });
    return line.map((point, index) => {
      let height = found[index];
      for (let step = 1; height === undefined && step < line.length; step += 1) {
        const beside = [found[index - step], found[index + step]].filter((value) => value !== undefined);
        if (beside.length) height = beside.reduce((sum, value) => sum + value, 0) / beside.length;
      }
      return L.latLng(point.lat, point.lng, height);
    });
  }

  const closed = (line) => [...line.map(place), place(line[0])];
  const open = (line) => (line.length > 1 && line[0].equals(line[line.length - 1]) ? line.slice(0, -1) : line);

  // `{type, geometry, circle}` of a layer; `before` are the lines that it was made from.
  function read(kind, layer, before = []) {
    if (kind === "point") return { type: 0, geometry: { type: "Point", coordinates: place(layer.getLatLng()) }, circle: null };
    if (kind === "circle") {
      const at = layer.getLatLng();
      const radius = Math.round(layer.getRadius() * 100) / 100;
      const [longitude, latitude] = place(at);
      return { type: 2, geometry: { type: "Polygon", coordinates: [ring(at, radius)] }, circle: { longitude, latitude, radius } };
    }
    if (kind === "line") return { type: 1, geometry: { type: "LineString", coordinates: withHeights(layer.getLatLngs(), before[0] || []).map(place) }, circle: null };
    const lines = layer.getLatLngs().map((line, index) => closed(withHeights(line, open(before[index] || []))));
    return { type: 2, geometry: { type: "Polygon", coordinates: lines }, circle: null };
  }

  // --- Drawing something new ----------------------------------------------------------------------------------------
  function start(kind, colour) {
    stop();
    drawing = kind;
    hint(HINTS[kind]);
    const style = { color: colour, weight: 3 };
    map.pm.enableDraw(TOOLS[kind], { tooltips: false, snappable: false, continueDrawing: false, finishOnEnter: true, markerStyle: { icon: handle(colour) }, templineStyle: style, hintlineStyle: { ...style, dashArray: [5, 5] }, pathOptions: style });
    map.getContainer().dataset.drawing = kind;
  }

  function stop() {
    if (!drawing) return;
    drawing = "";
    hint("");
    map.pm.disableDraw();
    delete map.getContainer().dataset.drawing;
  }

  map.on("pm:create", ({ layer }) => {
    const kind = drawing;
    layer.remove();
    stop();
    drawn(kind, read(kind, layer));
  });

  // --- Changing what is there -----------------------------------------------------------------------------------------
  function handle(colour) {
    const dot = document.createElement("span");
    dot.style.background = colour;
    return L.divIcon({ html: dot, className: "fleet-element-handle", iconSize: [22, 22] });
  }

  function build({ kind, at, radius, lines }, colour) {
    const style = { color: colour, weight: 4, fillOpacity: 0.25, pmIgnore: false };
    if (kind === "point") return L.marker(at, { icon: handle(colour), pmIgnore: false, draggable: true, keyboard: true });
    if (kind === "circle") return L.circle(at, { ...style, radius });
    if (kind === "line") return L.polyline(lines[0], style);
    return L.polygon(lines.map(open), style);
  }

  // A copy of a shape that can be dragged about; `changed` is told of each move.
  function edit(shape, colour, changed) {
    const layer = build(shape, colour).addTo(map);
    const { kind, lines } = shape;
    const corners = lines.reduce((sum, line) => sum + line.length, 0);
    if (kind === "point") layer.on("drag", changed);
    else {
      layer.pm.enable({ snappable: false, allowSelfIntersection: true, removeLayerBelowMinVertexCount: false, draggable: true, limitMarkersToCount: corners > MANY ? 120 : -1 });
      layer.on("pm:edit pm:vertexadded pm:vertexremoved pm:markerdrag pm:centerplaced pm:drag", changed);
    }
    hint(kind === "point" ? "" : words.hintEdit);
    return {
      kind,
      layer,
      read: () => read(kind, layer, lines),
      move(at) {
        layer.setLatLng(at);
        again(layer);
      },
      resize(metres) {
        layer.setRadius(metres);
        again(layer);
      },
      paint(next) {
        if (kind === "point") layer.setIcon(handle(next));
        else layer.setStyle({ color: next });
      },
      remove() {
        if (kind !== "point") layer.pm.disable();
        layer.remove();
        hint("");
      },
    };
  }

  // The handles follow what was typed.
  function again(layer) {
    if (!layer.pm?.enabled() || layer instanceof L.Marker) return;
    const { options } = layer.pm;
    layer.pm.disable();
    layer.pm.enable(options);
  }

  // --- Measures ---------------------------------------------------------------------------------------------------------
  function length(line) {
    return line.slice(1).reduce((sum, point, index) => sum + map.distance(line[index], point), 0);
  }

  // On the sphere, by the sum over the edges; exact enough for anything that is flown over.
  function surface(line) {
    const radians = Math.PI / 180;
    const sum = line.reduce((total, point, index) => {
      const next = line[(index + 1) % line.length];
      return total + (next.lng - point.lng) * radians * (2 + Math.sin(point.lat * radians) + Math.sin(next.lat * radians));
    }, 0);
    return Math.abs((sum * EARTH * EARTH) / 2);
  }

  return { start, stop, edit, length, surface, isDrawing: () => drawing !== "" };
};
