// The map of shots. What is to be seen is asked of the server for the part of the map that is shown: single shots with the
// direction that they look in and how wide, or, where they are many, cells with a number.
(() => {
  "use strict";
  const root = document.getElementById("fleet-map");
  const configuration = JSON.parse(document.getElementById("shots-configuration").textContent);
  const { words } = configuration;
  const find = (id) => document.getElementById("shots-" + id);
  const REACH = 34; // pixels that a wedge is long
  const DOWN = -75; // degrees of tilt from which on a shot looks straight down
  const WIDE = 60; // degrees, of a lens that does not say how wide it sees
  const PATIENCE = 150;

  const map = L.map("shots-canvas", { preferCanvas: true, minZoom: 2, maxZoom: 20, zoomSnap: 0.5, worldCopyJump: true });
  map.setView([30, 10], 2);
  map.attributionControl.setPrefix("Leaflet");
  L.control.scale({ imperial: false }).addTo(map);
  const wedges = L.layerGroup().addTo(map);
  const marks = L.layerGroup().addTo(map);
  window.fleetBaseMap(map, configuration.atlas, words.noMap);
  if (configuration.tiles) {
    const tiles = L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 20 }).addTo(map);
    L.control.layers(null, { [words.tiles]: tiles }).addTo(map);
  }

  let selected = Number(configuration.selected) || 0;
  let asked = 0;
  let timer = 0;
  let fitted = false;
  let shown = { shots: [] };

  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();

  // --- Drawing -------------------------------------------------------------------------------------------------------
  function wedge(shot) {
    if (shot.yaw === null || (shot.pitch !== null && shot.pitch < DOWN)) return null;
    const from = map.latLngToLayerPoint([shot.lat, shot.lon]);
    const half = Math.min(160, shot.view || WIDE) / 2;
    const points = [from];
    for (let part = 0; part <= 6; part += 1) {
      const angle = ((shot.yaw - half + (half * part) / 3) * Math.PI) / 180;
      points.push(L.point(from.x + Math.sin(angle) * REACH, from.y - Math.cos(angle) * REACH));
    }
    return L.polygon(points.map((point) => map.layerPointToLatLng(point)), { stroke: false, fillColor: colour("flying"), fillOpacity: shot.id === selected ? 0.55 : 0.28, interactive: false });
  }

  function draw() {
    wedges.clearLayers();
    marks.clearLayers();
    root.dataset.shots = shown.shots ? shown.shots.length : "";
    root.dataset.clusters = shown.clusters ? shown.clusters.length : "";
    for (const shot of shown.shots || []) {
      wedge(shot)?.addTo(wedges);
      const tone = shot.status === "confirmed" ? (shot.kind === "video" ? "working" : "flying") : "alarm";
      L.circleMarker([shot.lat, shot.lon], { radius: shot.id === selected ? 8 : 5, weight: 2, color: colour(shot.id === selected ? "text" : "rim"), fillColor: colour(tone), fillOpacity: 1 })
        .on("click", () => select(shot.id))
        .addTo(marks);
    }
    for (const [lat, lon, number] of shown.clusters || []) cluster(lat, lon, number);
    const total = shown.shots ? shown.shots.length : shown.clusters.reduce((sum, [, , number]) => sum + number, 0);
    find("count").textContent = words.count.replace("%s", total.toLocaleString());
  }

  function cluster(lat, lon, number) {
    const size = Math.round(26 + 7 * Math.log10(number));
    const icon = L.divIcon({ className: "shots-cluster", iconSize: [size, size], html: "" });
    const text = number < 1000 ? String(number) : number < 1e6 ? Math.round(number / 1000) + "k" : (number / 1e6).toFixed(1) + "M";
    const marker = L.marker([lat, lon], { icon, keyboard: true, title: words.openCluster.replace("%s", number.toLocaleString()) });
    marker.on("add", () => (marker.getElement().textContent = text));
    marker.on("click", () => map.setView([lat, lon], Math.min(20, map.getZoom() + 2)));
    marker.addTo(marks);
  }

  // --- Asking ----------------------------------------------------------------------------------------------------------
  async function load() {
    const mine = ++asked;
    const bounds = map.getBounds().pad(0.15);
    const box = [bounds.getWest(), Math.max(-90, bounds.getSouth()), bounds.getEast(), Math.min(90, bounds.getNorth())].map((value) => value.toFixed(6)).join(",");
    const gallery = find("gallery");
    gallery.href = gallery.dataset.base + "&area=" + encodeURIComponent(box);
    try {
      const answer = await fetch(`${configuration.data}&box=${box}&zoom=${Math.floor(map.getZoom())}`);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const found = await answer.json();
      if (mine !== asked) return;
      shown = found;
      draw();
    } catch (error) {
      console.warn(error);
      if (mine === asked) find("count").textContent = words.failed;
    }
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(load, PATIENCE);
  }
  map.on("moveend", soon);

  // --- One shot ----------------------------------------------------------------------------------------------------------
  async function select(id) {
    selected = id;
    draw();
    const card = find("card");
    if (!id) {
      card.hidden = true;
      return;
    }
    const answer = await fetch(configuration.card.replace("/0/", `/${id}/`));
    if (selected !== id || answer.redirected) return;
    card.hidden = !answer.ok;
    if (answer.ok) card.innerHTML = await answer.text(); // rendered and escaped by the server
  }
  find("card").addEventListener("click", (event) => event.target.closest("[data-close]") && select(0));
  const filters = find("filters");
  filters.addEventListener("change", () => filters.requestSubmit());
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
  });
  addEventListener("pageshow", () => {
    for (const field of filters.elements) field.disabled = false;
  });

  function fit() {
    if (fitted || !map.getSize().x || !configuration.extent) return;
    fitted = true;
    map.fitBounds(L.latLngBounds(configuration.extent).pad(0.2), { maxZoom: 18, animate: false });
  }
  // The console lays itself out after us: a map that was measured too early shows nothing.
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    fit();
    soon();
  }).observe(map.getContainer());
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

  const take = (frame) => {
    if (frame.kind === "state") soon(); // what came while nobody listened
    else if (frame.kind === "shots" || frame.kind === "reload") {
      if (!configuration.extent && frame.shots?.length) {
        configuration.extent = frame.shots.map((shot) => [shot.lat, shot.lon]); // the first that there is
        find("empty").hidden = true;
        fit();
      }
      load();
      if (frame.shots?.some((shot) => shot.id === selected)) select(selected);
    }
  };
  window.fleetSocket(configuration.socket, take, (name) => {
    const sign = find("sign");
    sign.dataset.state = name;
    sign.textContent = words[name];
    root.dataset.connection = name;
  });
  if (selected) select(selected);
})();
