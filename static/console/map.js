// The live map. The socket sends the whole state first and then, once a second, what changed.
(() => {
  "use strict";
  const root = document.getElementById("fleet-map");
  if (!root) return;
  const configuration = JSON.parse(document.getElementById("fleet-map-configuration").textContent);
  const words = configuration.words;
  const find = (id) => document.getElementById("fleet-map-" + id);
  const AIRCRAFT = 0;
  const DOCK = 3;
  const TRAIL_LENGTH = 400;
  const SHAPES = {
    0: "M12 2 L20 21 L12 17 L4 21 Z",
    2: "M4 8 h16 a2 2 0 0 1 2 2 v5 a2 2 0 0 1 -2 2 h-16 a2 2 0 0 1 -2 -2 v-5 a2 2 0 0 1 2 -2 Z M8 8 L6 3 M16 8 L18 3",
    3: "M3 11 L12 4 L21 11 V20 H3 Z M8 20 V14 H16 V20",
  };

  const devices = new Map();
  let selected = null;
  let following = false;
  let fitted = false;
  let lastFrame = 0;
  let query = "";

  const map = L.map("fleet-map-canvas", { zoomControl: true, preferCanvas: true, minZoom: 2, maxZoom: 20, zoomSnap: 0.5, worldCopyJump: true });
  map.setView([30, 10], 2);
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale().addTo(map);
  // The console lays itself out after us: a map that was measured too early shows nothing.
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (!fitted) fitted = fit();
  }).observe(map.getContainer());
  window.fleetBaseMap(map, configuration.atlas, words.noMap).then((world) => {
    if (!configuration.tiles) return;
    const tiles = L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 20 }).addTo(map);
    L.control.layers({ [words.world]: world, [words.tiles]: tiles }).addTo(map);
  });
  const trailRenderer = L.canvas({ padding: 0.3 });

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text; // device text is never markup
    return made;
  }

  function icon(domain) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", SHAPES[domain] || SHAPES[2]);
    svg.append(path);
    return svg;
  }

  function state(device) {
    if (!device.online) return "offline";
    if (device.seen && Date.now() - device.seen > configuration.staleAfter) return "stale";
    const flying = device.domain === AIRCRAFT && (device.summary.speed > 0.3 || device.summary.elevation > 1);
    return flying ? "flying" : device.domain === DOCK && device.summary.mode === 4 ? "working" : "online";
  }

  function mode(device) {
    if (!device.online) return words.offline;
    const number = device.summary.mode;
    const names = configuration.modes[device.domain] || {};
    return number === undefined ? words.online : names[number] || words.state + " " + number;
  }

  const kind = (device) => ({ 0: words.aircraft, 2: words.remote, 3: words.dock })[device.domain] || "";
  const measure = (value, unit, digits = 0) => (value === undefined || value === null ? "–" : Number(value).toFixed(digits) + " " + unit);

  function age(device) {
    if (!device.seen) return words.never;
    const seconds = Math.max(0, Math.round((Date.now() - device.seen) / 1000));
    return seconds < 120 ? words.ago.replace("%s", seconds) : words.minutesAgo.replace("%s", Math.round(seconds / 60));
  }

  function marker(device) {
    const holder = element("div", "fleet-marker");
    const turning = element("span", "fleet-marker__icon");
    turning.append(icon(device.domain));
    const label = element("span", "fleet-marker__label", device.name);
    holder.append(turning, label);
    const made = L.marker([0, 0], {
      icon: L.divIcon({ html: holder, className: "fleet-marker-holder", iconSize: [34, 34] }),
      title: device.name,
      alt: device.name,
      keyboard: true,
      zIndexOffset: device.domain === AIRCRAFT ? 1000 : 0,
    });
    made.on("click", () => select(device.id, false));
    made.parts = { holder, turning, label };
    return made;
  }

  function row(device) {
    const item = element("li", "fleet-row");
    item.tabIndex = 0;
    item.setAttribute("role", "button");
    const picture = element("span", "fleet-row__icon");
    picture.append(icon(device.domain));
    const parts = { name: element("strong"), mode: element("span", "fleet-row__mode"), numbers: element("span", "fleet-row__numbers") };
    const text = element("span", "fleet-row__text");
    text.append(parts.name, parts.mode);
    item.append(picture, text, parts.numbers);
    item.addEventListener("click", () => select(device.id, true));
    item.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        select(device.id, true);
      }
    });
    item.parts = parts;
    return item;
  }

  function draw(device) {
    const { summary } = device;
    const now = state(device);
    if (!device.row) {
      device.row = row(device);
      find("list").append(device.row);
    }
    device.row.dataset.state = now;
    device.row.dataset.sn = device.sn;
    device.row.parts.name.textContent = device.name;
    device.row.parts.mode.textContent = mode(device) + " · " + device.model;
    const numbers = summary.battery === undefined ? [] : [summary.battery + " %"];
    if (device.domain === AIRCRAFT && summary.height !== undefined) numbers.push(measure(summary.elevation ?? summary.height, "m"), measure(summary.speed, "m/s", 1));
    device.row.parts.numbers.textContent = numbers.join(" · ");
    device.row.hidden = query !== "" && !(device.name + " " + device.sn + " " + device.model).toLowerCase().includes(query);

    if (summary.lat === undefined) return;
    const place = [summary.lat, summary.lon];
    if (!device.marker) device.marker = marker(device).setLatLng(place).addTo(map);
    device.marker.setLatLng(place);
    const parts = device.marker.parts;
    parts.holder.dataset.state = now;
    parts.holder.dataset.domain = device.domain;
    parts.holder.dataset.sn = device.sn;
    parts.label.textContent = device.name;
    if (summary.heading !== undefined && device.domain === AIRCRAFT) parts.turning.style.transform = "rotate(" + summary.heading + "deg)";
    if (device.domain !== DOCK) {
      const last = device.trail[device.trail.length - 1];
      if (!last || last[0] !== place[0] || last[1] !== place[1]) device.trail.push(place);
      if (device.trail.length > TRAIL_LENGTH) device.trail.splice(0, device.trail.length - TRAIL_LENGTH);
      if (!device.line) device.line = L.polyline(device.trail, { renderer: trailRenderer, weight: 2, opacity: 0.8, color: "#f59e0b", interactive: false }).addTo(map);
      else device.line.setLatLngs(device.trail);
    }
    if (device.id === selected && following) map.panTo(place, { animate: true });
  }

  function card() {
    const place = find("card");
    const device = devices.get(selected);
    place.hidden = !device;
    if (!device) return;
    const { summary } = device;
    const list = element("dl");
    const lines = [
      [words.state, mode(device)],
      [words.battery, measure(summary.battery, "%")],
      [words.height, measure(summary.height, "m")],
      [words.speed, measure(summary.speed, "m/s", 1)],
      [words.climb, measure(summary.climb, "m/s", 1)],
      [words.heading, measure(summary.heading, "°")],
      [words.position, summary.lat === undefined ? words.noPosition : summary.lat.toFixed(6) + ", " + summary.lon.toFixed(6)],
      [words.lastSeen, age(device)],
    ];
    for (const [name, value] of lines) list.append(element("dt", "", name), element("dd", "", value));
    const actions = element("p", "fleet-card__actions");
    const link = element("a", "fleet-map__button", words.open);
    link.href = device.url;
    const follow = element("button", "fleet-map__button", following ? words.unfollow : words.follow);
    follow.type = "button";
    follow.setAttribute("aria-pressed", String(following));
    follow.addEventListener("click", () => {
      following = !following;
      card();
      draw(device);
    });
    actions.append(link, follow);
    const had = place.contains(document.activeElement) && document.activeElement.tagName;
    place.replaceChildren(element("h2", "", device.name), element("p", "fleet-card__kind", kind(device) + " · " + device.model + " · " + device.sn), list, actions);
    if (had) place.querySelector(had.toLowerCase())?.focus();
  }

  function select(id, move) {
    devices.get(selected)?.row?.classList.remove("is-selected");
    selected = id;
    const device = devices.get(id);
    device.row.classList.add("is-selected");
    device.row.scrollIntoView({ block: "nearest" });
    if (move && device.summary.lat !== undefined) map.setView([device.summary.lat, device.summary.lon], Math.max(map.getZoom(), 15));
    card();
  }

  function fit() {
    const places = [...devices.values()].filter((device) => device.summary.lat !== undefined).map((device) => [device.summary.lat, device.summary.lon]);
    if (places.length && map.getSize().x && map.getSize().y) map.fitBounds(L.latLngBounds(places).pad(0.15), { maxZoom: 16.5 });
    return places.length > 0 && map.getSize().x > 0 && map.getSize().y > 0;
  }

  function count() {
    const all = [...devices.values()];
    find("count").textContent = words.online_count.replace("%s", all.filter((device) => device.online).length).replace("%s", all.length);
    find("empty").hidden = all.length > 0;
  }

  let parts = [];

  function takeState(part) {
    parts.push(part);
    if (!part.complete) return;
    const frame = { devices: parts.flatMap((one) => one.devices), trails: Object.assign({}, ...parts.map((one) => one.trails)) };
    parts = [];
    const present = new Set(frame.devices.map((device) => device.id));
    for (const [id, device] of devices) {
      if (present.has(id)) continue;
      device.marker?.remove();
      device.line?.remove();
      device.row?.remove();
      devices.delete(id);
    }
    for (const fresh of frame.devices) {
      const known = devices.get(fresh.id);
      const trail = frame.trails?.[fresh.id] || known?.trail || [];
      devices.set(fresh.id, Object.assign(known || {}, fresh, { trail }));
    }
    devices.forEach(draw);
    count();
    card();
    if (!fitted) fitted = fit();
  }

  function takeTelemetry(frame) {
    for (const fresh of frame.devices) {
      const device = devices.get(fresh.id);
      if (!device) continue; // its row comes with the next state
      device.summary = fresh.summary;
      device.online = fresh.online;
      device.seen = Date.now();
      draw(device);
    }
    if (!fitted) fitted = fit();
    card();
    count();
  }

  function show(name, text) {
    const sign = find("sign");
    sign.dataset.state = name;
    if (sign.textContent !== text) sign.textContent = text;
  }

  let delay = 500;
  function connect() {
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const socket = new WebSocket(scheme + location.host + configuration.socket);
    let open = false;
    parts = [];
    socket.onopen = () => {
      open = true;
      delay = 500;
      show("live", words.live);
    };
    socket.onmessage = (event) => {
      lastFrame = Date.now();
      const frame = JSON.parse(event.data);
      if (frame.kind === "state") takeState(frame);
      else if (frame.kind === "telemetry") takeTelemetry(frame);
    };
    socket.onclose = (event) => {
      if (event.code === 4403) {
        location.reload(); // no part in this any more: the page says why
        return;
      }
      root.dataset.lost = open || lastFrame ? "yes" : "";
      show("lost", words.lost.replace("%s", lastFrame ? Math.round((Date.now() - lastFrame) / 1000) : "–"));
      setTimeout(connect, delay);
      delay = Math.min(delay * 2, 10000);
    };
  }

  setInterval(() => {
    devices.forEach((device) => {
      const now = state(device);
      if (device.row) device.row.dataset.state = now;
      if (device.marker) device.marker.parts.holder.dataset.state = now;
    });
    if (find("sign").dataset.state === "lost" && lastFrame) show("lost", words.lost.replace("%s", Math.round((Date.now() - lastFrame) / 1000)));
  }, 2000);

  find("fit").addEventListener("click", fit);
  find("search").addEventListener("input", (event) => {
    query = event.target.value.trim().toLowerCase();
    devices.forEach(draw);
  });
  connect();
})();
