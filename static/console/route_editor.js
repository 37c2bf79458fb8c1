// Draw a route: points by clicking, an area for a survey. The server makes the file and says what it would be.
(() => {
  "use strict";
  const root = document.getElementById("fleet-editor");
  const form = document.getElementById("editor");
  const fields = form.elements;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const settings = read("editor-configuration");
  const words = settings.words;
  const given = read("editor-plan");
  const begin = read("editor-start") || [47, 8];
  const map = L.map("fleet-map", { maxZoom: 21, doubleClickZoom: false }).setView(begin, 15);
  map.attributionControl.setPrefix("");
  window.fleetBaseMap(map, settings.atlas, words.noMap);
  if (settings.tiles) L.tileLayer(settings.tiles, { attribution: settings.attribution, maxZoom: 21 }).addTo(map);
  const layer = L.layerGroup().addTo(map);
  const lines = L.layerGroup().addTo(map);

  let points = [];
  let kept = {}; // what a plan holds and this page has no field for
  let chosen = -1;
  let saved = true;
  const past = [];
  const future = [];
  const kind = () => form.querySelector("[name=kind]:checked").value;
  const number = (text) => (text === "" ? null : Number(text));

  function remember() {
    past.push(JSON.stringify(points));
    if (past.length > 200) past.shift();
    future.length = 0;
    saved = false;
  }
  function travel(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(points));
    points = JSON.parse(from.pop());
    chosen = Math.min(chosen, points.length - 1);
    draw();
  }

  function marker(point, index) {
    const icon = L.divIcon({ className: "fleet-editor__point", html: String(index + 1), iconSize: [22, 22] });
    const made = L.marker([point.latitude, point.longitude], { icon, draggable: true, keyboard: true, title: words.point.replace("%s", index + 1), alt: words.point.replace("%s", index + 1) });
    made.on("click", () => {
      chosen = index;
      draw();
    });
    made.on("dragstart", remember);
    made.on("dragend", () => {
      const at = made.getLatLng().wrap();
      Object.assign(points[index], { latitude: at.lat, longitude: at.lng });
      chosen = index;
      draw();
    });
    made.on("add", () => {
      if (index === chosen) made.getElement().dataset.chosen = "";
    });
    return made;
  }

  function middle(index, next) {
    const at = [(points[index].latitude + next.latitude) / 2, (points[index].longitude + next.longitude) / 2];
    const made = L.marker(at, { icon: L.divIcon({ className: "fleet-editor__middle", iconSize: [12, 12] }), keyboard: false });
    made.on("click", () => {
      remember();
      points.splice(index + 1, 0, fresh(at[0], at[1], (points[index].height + next.height) / 2));
      chosen = index + 1;
      draw();
    });
    return made;
  }

  const fresh = (latitude, longitude, height) => ({ latitude, longitude, height: height ?? number(fields.height.value) ?? 60, actions: [] });

  function draw() {
    layer.clearLayers();
    const places = points.map((point) => [point.latitude, point.longitude]);
    const area = kind() === "survey";
    if (!area) lines.clearLayers();
    if (places.length > 1) layer.addLayer(area ? L.polygon(places, { color: "#1d5fbf", weight: 2, fillOpacity: 0.08, interactive: false }) : L.polyline(places, { color: "#7c3aed", weight: 3, interactive: false }));
    points.forEach((point, index) => {
      layer.addLayer(marker(point, index));
      const next = points[index + 1] || (area && points.length > 2 ? points[0] : null);
      if (next && points.length < 400) layer.addLayer(middle(index, next));
    });
    show();
    look();
  }

  function show() {
    const area = kind() === "survey";
    for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind();
    document.getElementById("hint").textContent = area ? words.area : points.length ? "" : words.nothing;
    const point = area ? null : points[chosen];
    document.getElementById("point").hidden = !point;
    document.getElementById("undo").disabled = !past.length;
    document.getElementById("redo").disabled = !future.length;
    if (!point) return;
    document.getElementById("point-title").textContent = words.point.replace("%s", chosen + 1);
    fields.point_height.value = point.height;
    fields.point_speed.value = point.speed ?? "";
    fields.point_heading.value = point.heading ?? "";
    fields.point_gimbal.value = point.gimbal_pitch ?? "";
    const names = Object.fromEntries([...document.getElementById("action").options].map((option) => [option.value, option.text]));
    document.getElementById("actions").replaceChildren(
      ...point.actions.map((action, index) => {
        const line = document.createElement("li");
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: "✕" });
        button.addEventListener("click", () => {
          remember();
          point.actions.splice(index, 1);
          draw();
        });
        line.append(names[action.name] || action.name, button);
        return line;
      }),
    );
  }

  function plan() {
    const shared = { name: fields.name.value, take_off_security_height: number(fields.take_off_security_height.value), finish_action: fields.finish_action.value };
    if (kind() === "survey")
      return { kind: "survey", ...shared, polygon: points.map((point) => [point.latitude, point.longitude]), camera: fields.camera.value, height: number(fields.survey_height.value), overlap_front: number(fields.overlap_front.value), overlap_side: number(fields.overlap_side.value), angle: number(fields.angle.value), margin: number(fields.margin.value) };
    return { ...kept, ...shared, drone_model_key: fields.drone_model_key.value, speed: number(fields.speed.value), points };
  }

  async function send(address, body) {
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": fields.csrfmiddlewaretoken.value } });
    return [answer.ok, await answer.json()];
  }

  function complain(text) {
    const place = document.getElementById("error");
    place.textContent = text || "";
    place.hidden = !text;
  }

  let asked = 0;
  let timer = 0;
  function look() {
    clearTimeout(timer);
    const enough = points.length >= (kind() === "survey" ? 3 : 2);
    if (!enough) {
      document.getElementById("facts").textContent = "";
      lines.clearLayers();
      return;
    }
    timer = setTimeout(async () => {
      const mine = ++asked;
      try {
        const [ok, said] = await send(root.dataset.look, plan());
        if (mine !== asked) return;
        complain(ok ? "" : said.error);
        if (!ok) return;
        const time = `${Math.floor((said.duration || 0) / 60)} min ${String(Math.round((said.duration || 0) % 60)).padStart(2, "0")} s`;
        const length = said.distance >= 1000 ? `${(said.distance / 1000).toFixed(2)} km` : `${Math.round(said.distance || 0)} m`;
        document.getElementById("facts").textContent = words.facts.replace("%(length)s", length).replace("%(time)s", time).replace("%(photos)s", said.photos).replace("%(points)s", said.points);
        lines.clearLayers();
        if (said.path) lines.addLayer(L.polyline(said.path, { color: "#7c3aed", weight: 2, interactive: false }));
      } catch {
        complain(words.failed);
      }
    }, 300);
  }

  map.on("click", ({ latlng }) => {
    remember();
    const at = latlng.wrap();
    points.push(fresh(at.lat, at.lng, points.length && kind() !== "survey" ? points[points.length - 1].height : null));
    chosen = points.length - 1;
    draw();
  });
  document.getElementById("undo").addEventListener("click", () => travel(past, future));
  document.getElementById("redo").addEventListener("click", () => travel(future, past));
  document.getElementById("remove-point").addEventListener("click", () => {
    remember();
    points.splice(chosen, 1);
    chosen = Math.min(chosen, points.length - 1);
    draw();
  });
  document.getElementById("add-action").addEventListener("click", () => {
    const name = document.getElementById("action").value;
    const usual = { hover: { hoverTime: 5 }, gimbalRotate: { gimbalPitchRotateAngle: -90 }, rotateYaw: { aircraftHeading: 0 }, zoom: { focalLength: 48 } };
    remember();
    points[chosen].actions.push({ name, parameters: usual[name] || {} });
    draw();
  });
  form.addEventListener("change", ({ target }) => {
    const point = points[chosen];
    saved = false;
    if (target.name === "kind") {
      remember();
      points = [];
      chosen = -1;
      draw();
    } else if (target.name === "height") {
      remember();
      for (const each of points) each.height = number(target.value) ?? each.height;
      draw();
    } else if (point && target.name.startsWith("point_")) {
      remember();
      const name = { point_height: "height", point_speed: "speed", point_heading: "heading", point_gimbal: "gimbal_pitch" }[target.name];
      point[name] = number(target.value);
      if (name === "height" && point.height === null) point.height = 60;
      draw();
    } else look();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    document.getElementById("save").disabled = true;
    try {
      const [ok, said] = await send(root.dataset.save, plan());
      if (ok) {
        saved = true;
        location.href = said.url;
        return;
      }
      complain(said.error);
    } catch {
      complain(words.failed);
    }
    document.getElementById("save").disabled = false;
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, select")) return;
    if (event.key === "z") travel(...(event.shiftKey ? [future, past] : [past, future]));
  });
  addEventListener("beforeunload", (event) => {
    if (!saved && points.length) event.preventDefault();
  });

  if (given) {
    const { points: listed, name, ...rest } = given;
    kept = rest;
    points = listed;
    for (const field of ["drone_model_key", "speed", "take_off_security_height", "finish_action"]) if (rest[field] !== undefined && rest[field] !== null) fields[field].value = rest[field];
    if (!fields.drone_model_key.value) fields.drone_model_key.append(new Option(rest.drone_model_key, rest.drone_model_key, true, true));
  }
  let fitted = false;
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (fitted || !map.getContainer().clientWidth) return;
    fitted = true;
    if (points.length) map.fitBounds(L.latLngBounds(points.map((point) => [point.latitude, point.longitude])).pad(0.3), { maxZoom: 18, animate: false });
    else map.setView(begin, 16, { animate: false });
  }).observe(map.getContainer());
  draw();
})();
