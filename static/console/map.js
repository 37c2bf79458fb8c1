// The live map. The socket sends the whole state first and then what changed; once a frame, only that is drawn.
(() => {
  "use strict";
  const root = document.getElementById("fleet-map");
  if (!root) return;
  const configuration = JSON.parse(document.getElementById("fleet-map-configuration").textContent);
  const { words, modes, tones } = configuration;
  const { AIRCRAFT, DOCK, element, write, measure, span, icon, marker, dot, turn, nameWhatFits } = window.fleetIcons;
  const find = (id) => document.getElementById("fleet-map-" + id);
  const LOW_BATTERY = 15; // % at which an aircraft in the air is in trouble
  const TRAIL_POINTS = 20000; // of all trails together
  const DENSE = 150; // so many devices in view are drawn small, without names and trails
  const WEIGHT = { alarm: 4, flying: 3, working: 2, online: 1 };
  const THIN = { weight: 2.5, opacity: 0.75 };
  const THICK = { weight: 4, opacity: 0.95 };

  const devices = new Map();
  const dirty = new Set();
  let selected = null;
  let following = false;
  let fitted = false;
  let touched = false; // until somebody moves the map, whoever gets a place is brought into view
  let lastFrame = 0;
  let skew = 0; // the server's clock minus ours, ms
  let query = "";
  let sorted = false;
  let zoomedAt = 0;
  let dense = false;
  let colours = {};
  let parts = [];

  const map = L.map("fleet-map-canvas", { preferCanvas: true, minZoom: 2, maxZoom: 20, zoomSnap: 0.5, worldCopyJump: true });
  map.on("viewreset zoomstart", () => {
    zoomedAt = Date.now();
    delete root.dataset.glide;
  });
  map.setView([30, 10], 2);
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false }).addTo(map);
  const trailRenderer = L.canvas({ padding: 0.3 });
  map.createPane("dots").style.zIndex = 590; // above the trails, below the markers
  const dotRenderer = L.canvas({ padding: 0.3, pane: "dots" });
  // The console lays itself out after us: a map that was measured too early shows nothing.
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (!fitted) fitted = fit();
  }).observe(map.getContainer());
  window.fleetBaseMap(map, configuration.atlas, words.noMap);
  if (configuration.tiles) {
    // Above the offline world, not in its place: where a tile is missing, the world shows through.
    const tiles = L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 20 }).addTo(map);
    L.control.layers(null, { [words.tiles]: tiles }).addTo(map);
  }
  window.fleetElements.attach(map, configuration.elements);

  // --- What a device is and does, in words -----------------------------------------------------------------------
  const serverNow = () => Date.now() + skew;
  const placed = (device) => device.summary.lat !== undefined;
  const at = (device) => [device.summary.lat, device.summary.lon];
  const aloft = (device) => device.now === "flying" || device.now === "alarm";

  function state(device) {
    const { mode, speed, elevation, battery } = device.summary;
    if (!device.online) return "offline";
    if (device.seen && serverNow() - device.seen > configuration.staleAfter) return "stale";
    let tone = tones[device.domain]?.[mode] || "online";
    if (mode === undefined && device.domain === AIRCRAFT && (speed > 0.5 || elevation > 2)) tone = "flying";
    return tone === "flying" && battery <= LOW_BATTERY ? "alarm" : tone;
  }

  function doing(device) {
    if (device.now === "offline") return words.offline + " · " + age(device);
    if (device.now === "stale") return words.stale + " · " + age(device);
    const { mode, battery } = device.summary;
    const named = mode === undefined ? words.online : modes[device.domain]?.[mode] || words.unknownMode.replace("%s", mode);
    return device.now === "alarm" && battery <= LOW_BATTERY ? named + " · " + words.lowBattery : named;
  }

  const age = (device) => (device.seen ? words.ago.replace("%s", span(serverNow() - device.seen)) : words.never);

  // --- Markers and trails ----------------------------------------------------------------------------------------
  // An aircraft that rests on its dock is drawn small, so that both are seen.
  function parked(device) {
    const dock = devices.get(device.gateway);
    if (device.domain !== AIRCRAFT || aloft(device) || dock?.domain !== DOCK || !placed(dock)) return false;
    return map.distance(at(device), at(dock)) < 20;
  }

  function drawMarker(device, view) {
    if (!placed(device)) return;
    const seen = device.id === selected || view.contains(at(device));
    const whole = seen && (!dense || device.id === selected || device.now === "alarm");
    if (whole) drawWhole(device);
    else device.marker?.remove();
    if (seen && !whole) drawDot(device);
    else device.dot?.remove();
    if (device.domain !== DOCK) drawTrail(device, seen && (!dense || device.id === selected));
  }

  function drawWhole(device) {
    if (!device.marker) device.marker = marker(device).on("click", () => select(device.id, false));
    const { holder, label } = device.marker;
    device.marker.setLatLng(at(device));
    if (!map.hasLayer(device.marker)) device.marker.addTo(map);
    if (holder.dataset.state !== device.now) holder.dataset.state = device.now;
    holder.classList.toggle("is-parked", parked(device));
    holder.classList.toggle("is-selected", device.id === selected);
    device.marker.setZIndexOffset(device.now === "alarm" ? 3000 : device.id === selected ? 2000 : device.domain === AIRCRAFT ? 1000 : 0);
    if (label.textContent !== device.name) {
      label.textContent = device.name;
      device.marker.width = 0;
    }
    if (device.summary.heading !== undefined && device.domain !== DOCK) turn(device.marker, device.summary.heading);
  }

  function drawDot(device) {
    if (!device.dot) device.dot = dot(device, dotRenderer).on("click", () => select(device.id, false));
    Object.assign(device.dot.options, { heading: device.summary.heading, fillColor: colours[device.now], color: colours.rim });
    device.dot.setLatLng(at(device));
    if (map.hasLayer(device.dot)) return;
    device.dot.addTo(map);
    if (device.domain === DOCK) device.dot.bringToBack(); // what flies is drawn over where it lives
  }

  function drawTrail(device, shown) {
    const { trail } = device;
    const [lat, lon] = at(device);
    const last = trail[trail.length - 1];
    if (!last || last[0] !== lat || last[1] !== lon) trail.push([lat, lon]);
    const longest = Math.min(400, Math.max(20, Math.round(TRAIL_POINTS / devices.size)));
    if (trail.length > longest) trail.splice(0, trail.length - longest);
    if (!shown || trail.length < 2) {
      device.line?.remove();
      return;
    }
    device.line ??= L.polyline([], { renderer: trailRenderer, color: "#0ea5e9", interactive: false });
    device.line.setLatLngs(trail).setStyle(device.id === selected ? THICK : THIN);
    if (!map.hasLayer(device.line)) device.line.addTo(map);
  }

  // What the style sheet says, for what is drawn on a canvas.
  function readColours() {
    const style = getComputedStyle(root);
    const value = (name) => style.getPropertyValue("--" + name).trim();
    colours = { rim: value("rim"), stale: value("offline") };
    for (const name of ["online", "flying", "working", "alarm", "offline"]) colours[name] = value(name);
  }

  function nameMarkers() {
    const shown = [...devices.values()].filter((device) => device.marker && map.hasLayer(device.marker));
    if (!dense && Date.now() - zoomedAt > 400) root.dataset.glide = "yes";
    nameWhatFits(map, shown.map((device) => [device.id, device.marker, device.id === selected ? 9 : WEIGHT[device.now] || 0]));
  }

  // --- The list --------------------------------------------------------------------------------------------------
  function makeRow(device) {
    const row = element("li", "fleet-row");
    row.dataset.sn = device.sn;
    const button = element("button", "fleet-row__button");
    button.type = "button";
    const text = element("span", "fleet-row__text");
    const numbers = element("span", "fleet-row__numbers");
    const parts = { name: element("strong"), mode: element("span", "fleet-row__mode"), battery: element("span"), flight: element("span") };
    text.append(parts.name, parts.mode);
    numbers.append(parts.battery, parts.flight);
    button.append(icon(device.domain), text, numbers);
    button.addEventListener("click", () => select(device.id, true));
    row.append(button);
    sorted = false;
    return Object.assign(row, { parts, button });
  }

  function drawRow(device) {
    const { summary } = device;
    device.row ??= makeRow(device);
    const { row } = device;
    if (row.dataset.state !== device.now) row.dataset.state = device.now;
    write(row.parts.name, device.name);
    write(row.parts.mode, [doing(device), device.model, placed(device) ? "" : words.noPosition].filter(Boolean).join(" · "));
    write(row.parts.battery, summary.battery === undefined ? "" : summary.battery + " %");
    write(row.parts.flight, aloft(device) ? measure(summary.elevation ?? summary.height, "m") + " · " + measure(summary.speed, "m/s", 1) : "");
    const text = (device.name + " " + device.sn + " " + row.parts.mode.textContent).toLowerCase();
    const hidden = !query.split(/\s+/).every((word) => text.includes(word));
    if (row.hidden !== hidden) row.hidden = hidden;
  }

  // Who is in trouble goes first, who is away last; else aircraft, remotes, docks by name.
  function sort() {
    const rank = (device) => (device.now === "alarm" ? -10 : device.online ? 0 : 10) + device.domain;
    const order = [...devices.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true }) || a.id - b.id);
    const list = find("list");
    order.forEach(({ row }, index) => {
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] || null);
    });
    sorted = true;
  }

  function count() {
    const all = [...devices.values()];
    write(find("count"), words.counted.replace("%s", all.filter((device) => device.online).length).replace("%s", all.length));
    find("empty").hidden = all.length > 0 || !lastFrame;
    const none = query !== "" && all.length > 0 && all.every(({ row }) => row.hidden);
    find("none").hidden = !none;
    if (none) write(find("none"), words.nothingFound.replace("%s", query));
  }

  // --- What the operator does ------------------------------------------------------------------------------------
  const drawCard = window.fleetCard(find("card"), {
    words, doing, age, toggleFollow,
    gatewayOf: (device) => devices.get(device.gateway),
    close: () => select(null),
  });

  function toggleFollow() {
    following = !following;
    if (following && map.getZoom() < 14) map.setView(at(devices.get(selected)), 15);
    else follow();
    draw();
  }

  function select(id, move) {
    const before = devices.get(selected);
    const device = devices.get(id);
    if (id !== selected) following = false;
    selected = id;
    if (before) {
      dirty.add(before.id);
      before.row.classList.remove("is-selected");
      before.row.button.removeAttribute("aria-current");
    }
    if (device) {
      dirty.add(id);
      device.row.classList.add("is-selected");
      device.row.button.setAttribute("aria-current", "true");
      if (move && placed(device)) {
        touched = true;
        map.setView(at(device), Math.max(map.getZoom(), 15));
      }
    }
    draw();
    device?.row.scrollIntoView({ block: "nearest" });
  }

  function fit() {
    const size = map.getSize();
    const places = [...devices.values()].filter(placed).map(at);
    if (!places.length || !size.x || !size.y) return false;
    following = false;
    map.fitBounds(L.latLngBounds(places), { maxZoom: 16.5, padding: [Math.min(70, size.x / 8), Math.min(70, size.y / 8)] });
    return true;
  }

  // --- What comes ------------------------------------------------------------------------------------------------
  function draw() {
    const view = map.getBounds().pad(0.1);
    const crowd = [...devices.values()].filter((device) => placed(device) && view.contains(at(device))).length;
    if (crowd > DENSE !== dense) {
      dense = !dense;
      root.dataset.dense = dense ? "yes" : "no";
      if (dense) delete root.dataset.glide;
      devices.forEach((device) => dirty.add(device.id));
    }
    for (const id of dirty) {
      const device = devices.get(id);
      if (!device) continue;
      const now = state(device);
      if ((now === "alarm") !== (device.now === "alarm")) sorted = false;
      device.now = now;
      drawRow(device);
      drawMarker(device, view);
    }
    dirty.clear();
    if (!sorted) sort();
    nameMarkers();
    drawCard(devices.get(selected), following);
    count();
  }

  // Not a part of `draw`, which runs after each move of the map.
  function follow() {
    const device = devices.get(selected);
    if (following && device && placed(device)) map.panTo(at(device), { animate: true, duration: 1, easeLinearity: 1 });
  }

  function drawAll() {
    devices.forEach((device) => dirty.add(device.id));
    draw();
  }

  let asked = 0;
  function drawSoon() {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      draw();
      follow();
      if (!fitted) fitted = fit();
    });
  }

  function forget(id) {
    const device = devices.get(id);
    for (const part of [device?.marker, device?.dot, device?.line, device?.row]) part?.remove();
    devices.delete(id);
    if (selected === id) selected = null;
  }

  function arrived(device, summary) {
    if (!touched && !placed(device) && placed({ summary })) fitted = false;
  }

  function takeRows(rows) {
    for (const fresh of rows) {
      const device = devices.get(fresh.id) || { trail: [], summary: {} };
      if (device.online !== fresh.online || device.name !== fresh.name) sorted = false;
      arrived(device, fresh.summary);
      devices.set(fresh.id, Object.assign(device, fresh));
      dirty.add(fresh.id);
    }
  }

  function take(frame) {
    if (frame.kind === "pulse") return;
    lastFrame = Date.now();
    if (frame.now) skew = frame.now - lastFrame;
    if (frame.kind === "state") {
      parts.push(frame); // a large fleet comes in several frames
      if (!frame.complete) return;
      const all = parts.flatMap((part) => part.devices);
      const trails = Object.assign({}, ...parts.map((part) => part.trails));
      parts = [];
      const present = new Set(all.map((device) => device.id));
      [...devices.keys()].filter((id) => !present.has(id)).forEach(forget);
      takeRows(all);
      for (const device of devices.values()) device.trail = trails[device.id] || [];
    } else if (frame.kind === "devices") {
      frame.gone.forEach(forget);
      takeRows(frame.devices);
    } else if (frame.kind === "telemetry") {
      for (const { id, summary, online } of frame.devices) {
        const device = devices.get(id);
        if (!device) continue; // its row follows
        if (device.online !== online) sorted = false;
        arrived(device, summary);
        Object.assign(device, { summary, online, seen: frame.at });
        dirty.add(id);
      }
    }
    drawSoon();
  }

  function sign(name) {
    parts = [];
    root.dataset.connection = name;
    find("sign").dataset.state = name;
    const waiting = lastFrame ? words.lost.replace("%s", span(Date.now() - lastFrame)) : words.notYet;
    write(find("sign"), { live: words.live, connecting: words.connecting }[name] || waiting);
  }

  // Time passes, also for those who say nothing.
  setInterval(() => {
    if (root.dataset.connection === "lost") sign("lost");
    for (const device of devices.values()) {
      const now = state(device);
      if (now !== device.now || now === "offline" || now === "stale") dirty.add(device.id);
    }
    draw();
  }, 2000);

  readColours();
  new MutationObserver(() => {
    readColours();
    drawAll();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  map.on("moveend", drawAll);
  map.on("dragstart", () => {
    following = false;
  });
  for (const kind of ["pointerdown", "wheel", "keydown"]) map.getContainer().addEventListener(kind, () => (touched = true), { capture: true, passive: true });
  find("fit").addEventListener("click", () => {
    touched = false;
    fit();
  });
  find("search").addEventListener("input", (event) => {
    query = event.target.value.trim().toLowerCase();
    devices.forEach(drawRow);
    count();
  });
  // Up and down walk through the list, also from the search; Escape leaves what is selected.
  find("list").parentElement.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selected !== null) select(null);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const rows = [...find("list").children].filter((row) => !row.hidden);
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    if (!step || (here < 0 && event.target !== find("search"))) return;
    event.preventDefault();
    (rows[here + step]?.button || find("search")).focus();
  });
  window.fleetSocket(configuration.socket, take, sign);
})();
