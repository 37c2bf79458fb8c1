// The shared map: what remotes and operators draw together. The socket brings what others draw while they draw it.
(() => {
  "use strict";
  const root = document.getElementById("fleet-map");
  const configuration = JSON.parse(document.getElementById("elements-configuration").textContent);
  const { words, may, colours, base, me, timeZone } = configuration;
  const usual = colours[0][0];
  const find = (id) => document.getElementById("elements-" + id);
  const TOAST = 10000; // ms that one has to undo
  const WORD = 2500; // ms
  const csrf = root.querySelector("[name=csrfmiddlewaretoken]").value;

  L.PM.setOptIn(true); // only what is being drawn or changed can be dragged
  const map = L.map("elements-canvas", { pmIgnore: false, minZoom: 2, maxZoom: 20, zoomSnap: 0.5, worldCopyJump: true, doubleClickZoom: true });
  map.setView([30, 10], 2);
  map.attributionControl.setPrefix("Leaflet");
  map.zoomControl.setPosition("bottomright");
  L.control.scale({ imperial: false }).addTo(map);
  window.fleetBaseMap(map, configuration.atlas, words.noMap);
  if (configuration.tiles) {
    const tiles = L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 20 }).addTo(map);
    L.control.layers(null, { [words.tiles]: tiles }, { position: "bottomright" }).addTo(map);
  }
  const devices = window.fleetElementDevices(map, configuration.devices);

  // --- Asking the server -------------------------------------------------------------------------------------------------
  async function ask(path, options) {
    try {
      const answer = await fetch(base + path, { method: "POST", ...options, headers: { "X-CSRFToken": csrf, ...options.headers } });
      if (answer.redirected) return { ok: false, status: 403, data: {} };
      const data = await answer.json().catch(() => ({}));
      return { ok: answer.ok, status: answer.status, data };
    } catch {
      return { ok: false, status: 0, data: {} };
    }
  }
  const send = (path, body) => ask(path, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const upload = (path, body) => ask(path, { body });

  // --- The parts of the page -----------------------------------------------------------------------------------------------
  let fitted = false;
  let complete = false;
  let toasting = 0;
  const shared = window.fleetElements.layer(map, { click: (id) => choose(id), changed, busy: () => tools.isDrawing() });
  const tools = window.fleetDraw(map, { words, hint, drawn });
  const list = window.fleetElementList(find("list"), { shared, words, may, choose: (id) => choose(id, true), hide, arrange: (group) => groups.arrange(group) });
  const groups = window.fleetElementGroups({ shared, words, send, upload, base, imported: (bounds) => bounds && map.fitBounds(L.latLngBounds(bounds).pad(0.2), { maxZoom: 17 }) });
  const card = window.fleetElementCard(find("card"), { map, shared, tools, words, may, colours, timeZone, kindOf: list.kindOf, send, closed, removed, saved });

  function hint(text) {
    find("hint").textContent = text;
    find("hint").hidden = !text;
    if (!text) press("");
  }

  function press(kind) {
    for (const button of root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === kind));
  }

  function toast(text, undo = null) {
    const place = find("toast");
    const button = place.querySelector("button");
    clearTimeout(toasting);
    place.querySelector("span").textContent = text;
    place.hidden = false;
    button.hidden = !undo;
    button.onclick = undo;
    toasting = setTimeout(() => (place.hidden = true), undo ? TOAST : WORD);
  }

  function choose(id, go = false) {
    if (card.isBusy()) {
      card.say(words.unsaved);
      return;
    }
    shared.choose(id);
    list.choose(id);
    card.show(id);
    if (go && shared.elements.get(id)?.hidden === false) {
      const bounds = shared.bounds([id]);
      if (bounds.isValid() && !map.getBounds().contains(bounds)) map.fitBounds(bounds, { maxZoom: Math.max(15, map.getZoom()), padding: [60, 60] });
    }
  }

  function closed() {
    shared.choose(null);
    list.choose(null);
  }

  // An answer is faster than the news; the news then finds it there already.
  function known(data) {
    const before = shared.elements.get(data.id);
    if (!(before?.at >= data.at)) shared.take({ kind: "elements", elements: [{ ...before, ...data }] });
  }

  function saved(data) {
    known(data);
    toast(words.saved);
  }

  // --- Drawing, hiding, deleting -----------------------------------------------------------------------------------------------
  function unusedName(kind) {
    const names = new Set([...shared.elements.values()].map(({ name }) => name));
    for (let number = 1; ; number += 1) if (!names.has(`${words[kind]} ${number}`)) return `${words[kind]} ${number}`;
  }

  // Others see it at once; its name and the rest follow. What is refused stays here to be put right.
  async function drawn(kind, { type, geometry, circle }) {
    const content = { type: "Feature", properties: { color: usual, clampToGround: true, is3d: false, ...(circle ? { circle } : {}) }, geometry };
    const data = { id: crypto.randomUUID?.() || uuid(), group: find("into").value, name: unusedName(kind), type, content, by: me, hidden: false, at: 0 };
    card.begin(data, { fresh: true });
    shared.choose(data.id);
    const done = await send("new/", { id: data.id, group: data.group, name: data.name, type, content });
    if (done.ok) known({ ...data, at: done.data.at });
    card.drawn({ ...data, at: done.data.at }, done.ok ? "" : done.data.error || words.failed);
  }

  // Browsers offer `randomUUID` over HTTPS only.
  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return [...bytes].map((byte, index) => ([4, 6, 8, 10].includes(index) ? "-" : "") + byte.toString(16).padStart(2, "0")).join("");
  }

  async function hide(data) {
    const done = await send(`${data.id}/`, { hidden: !data.hidden });
    if (!done.ok) toast(done.data.error || words.failed);
  }

  async function removed(data) {
    const done = await send(`${data.id}/delete/`, {});
    if (!done.ok && done.status !== 404) return card.say(done.data.error || words.failed);
    shared.take({ kind: "gone", ids: [data.id] });
    toast(words.deleted.replace("%s", () => data.name), () => restore(data));
  }

  async function restore({ id, group, name, type, content }) {
    const done = await send("new/", { id, group, name, type, content });
    toast(done.ok ? words.restored.replace("%s", () => name) : done.data.error || words.failed);
  }

  // --- What comes ---------------------------------------------------------------------------------------------------------------
  function changed(kind, touched) {
    card.news(touched);
    if (kind === "complete") complete = true;
    if (kind === "groups") {
      card.redraw();
      const into = find("into");
      if (into) {
        const before = into.value;
        into.replaceChildren(...[...shared.groups.values()].map((group) => Object.assign(new Option(group.name, group.id, group.type === 1, group.type === 1), { disabled: group.locked && !may.arrange })));
        if (shared.groups.has(before)) into.value = before;
      }
    }
    if (complete && !fitted) fit();
    listSoon();
  }

  function listSoon() {
    list.soon((found) => {
      const total = shared.elements.size;
      const query = find("search").value.trim();
      find("count").textContent = words.counted.replace("%s", total);
      find("empty").hidden = total > 0 || !complete;
      find("none").hidden = !query || found > 0 || !total;
      find("none").textContent = words.nothingFound.replace("%s", () => query);
      root.dataset.elements = total;
    });
  }

  function fit() {
    if (!map.getSize().x) return;
    const bounds = shared.bounds();
    if (!bounds.isValid()) for (const place of devices.places()) bounds.extend(place);
    if (!bounds.isValid()) return;
    fitted = true;
    map.fitBounds(bounds.pad(0.1), { maxZoom: 16, animate: false });
  }

  // The console lays itself out after us: a map that was measured too early shows nothing.
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (complete && !fitted) fit();
  }).observe(map.getContainer());
  find("fit").addEventListener("click", () => {
    fitted = false;
    fit();
  });
  find("search").addEventListener("input", (event) => {
    list.search(event.target.value);
    listSoon();
  });
  for (const button of root.querySelectorAll("[data-tool]"))
    button.addEventListener("click", () => {
      const again = button.getAttribute("aria-pressed") === "true";
      if (card.isBusy()) return card.say(words.unsaved);
      tools.stop();
      card.close();
      fitted = true;
      if (again) return;
      tools.start(button.dataset.tool, usual);
      press(button.dataset.tool);
    });
  map.on("click", () => !tools.isDrawing() && !card.isEditing() && card.close());
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target.closest?.("dialog")) return;
    if (tools.isDrawing()) tools.stop();
    else if (card.isBusy()) card.say(words.unsaved);
    else card.close();
  });
  addEventListener("beforeunload", (event) => card.isBusy() && event.preventDefault());
  window.fleetSocket(configuration.socket, shared.take, (name) => {
    root.dataset.connection = name;
    find("sign").dataset.state = name;
    find("sign").textContent = words[name];
  });
})();
