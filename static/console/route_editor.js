// Draw a route: points by clicking, an area for a survey. The server makes the file and says what it would be.
import { Actions } from "./route_actions.js";
import { fill, fitOnce, lengthText, makeMap, read, timeText } from "./route_base.js";
import { Board } from "./route_board.js";
import { open, placeOf, planOf, pointChange, showPoint } from "./route_plan.js";
import { Profile } from "./route_profile.js";

const STEPS = 200;
const $ = (id) => document.getElementById(id);
const root = $("fleet-editor");
const form = $("editor");
const fields = form.elements;
const settings = read("editor-configuration");
const words = settings.words;
const begin = read("editor-start");
const cameras = read("editor-cameras");
const map = makeMap($("fleet-map"), settings, { doubleClickZoom: false });

let points = []; // never changed in place, so that a step back is the list as it was
let kept = {};
let chosen = -1;
let saved = true;
const past = [];
const future = [];
const kind = () => fields.kind.value;
const isArea = () => kind() === "survey";

function change(next, at = chosen, beyond = kept) {
  past.push([points, chosen, kept]);
  if (past.length > STEPS) past.shift();
  future.length = 0;
  [points, chosen, kept] = [next, Math.min(at, next.length - 1), beyond];
  saved = false;
  draw();
}

function travel(from, to) {
  if (!from.length) return;
  to.push([points, chosen, kept]);
  [points, chosen, kept] = from.pop();
  saved = false;
  draw();
}

// A millimetre; more digits only fill the fields.
const round = (degrees) => Math.round(degrees * 1e8) / 1e8;
const placed = (at) => ({ latitude: round(at.lat), longitude: round(at.lng) });
const fresh = (at, height) => ({ ...placed(at), height: height ?? (Number(fields.height.value) || 60), actions: [] });
const altered = (index, values) => points.map((point, other) => (other === index ? { ...point, ...values } : point));

function add(at) {
  change([...points, fresh(at, points.length && !isArea() ? points.at(-1).height : null)], points.length);
}

// Photos at intervals belong to the legs between their points, wherever those come to stand.
function shifted(first, last) {
  if (!kept.interval_photos?.length) return kept;
  const ranges = kept.interval_photos.map((photos) => ({ ...photos, first_index: first(photos.first_index), last_index: last(photos.last_index) }));
  return { ...kept, interval_photos: ranges.filter((photos) => photos.last_index > photos.first_index) };
}

function insert(index, at) {
  const [before, after] = [points[index - 1], points[index] || points[0]];
  const later = (place) => (place >= index ? place + 1 : place);
  change([...points.slice(0, index), fresh(at, (before.height + after.height) / 2), ...points.slice(index)], index, shifted(later, later));
}

function remove(index) {
  if (!points[index]) return;
  const first = (place) => (place > index ? place - 1 : place);
  const last = (place) => (place >= index ? place - 1 : place);
  change(points.filter((_point, other) => other !== index), Math.min(index, points.length - 2), shifted(first, last));
}

function choose(index) {
  if (!points[index]) return;
  chosen = index;
  draw(false);
}

function point(index) {
  if (!points[index]) return;
  board.point([points[index].latitude, points[index].longitude]);
  profile.show(index);
}

const profile = new Profile($("profile"), $("profile-readout"), words, (index, pressed) => (pressed ? choose(index) : point(index)));
const board = new Board(map, words, {
  added: add,
  chosen: choose,
  inserted: insert,
  moved: (index, at) => change(altered(index, placed(at)), index),
  pointed: point,
  removed: remove,
});
const actions = new Actions($("actions"), $("action"), read("editor-actions"), words, (next) => change(altered(chosen, { actions: next })));

function draw(changed = true) {
  board.draw(points, chosen, isArea());
  show();
  if (changed) look();
}

function show() {
  const area = isArea();
  for (const part of root.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind();
  for (const part of form.querySelectorAll("[data-needs]")) part.hidden = fields.height_mode.value !== part.dataset.needs;
  $("hint").textContent = points.length ? words.keys : area ? words.area : words.nothing;
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  profile.draw(area ? [] : points.map((each) => [each.latitude, each.longitude, each.height]));
  profile.show(area ? -1 : chosen);
  const current = points[chosen];
  $("point").hidden = !current;
  if (!current) return;
  $("point-title").textContent = `${words.point.replace("%s", chosen + 1)} ${words.of.replace("%s", points.length)}`;
  $("previous").disabled = chosen === 0;
  $("next").disabled = chosen === points.length - 1;
  showPoint(form, current);
  actions.show(current.actions || []);
}

async function send(address, body) {
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-CSRFToken": fields.csrfmiddlewaretoken.value } });
  return [answer.status, await answer.json()];
}

function clearComplaints() {
  $("error").hidden = true;
  for (const note of form.querySelectorAll(".fleet-editor__wrong")) note.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

// Beside the field it is about; in the page's head when there is no such field, or another point is shown.
function complain(text, path = "", go = false) {
  clearComplaints();
  const place = placeOf(form, path, kind());
  if (place.point >= 0 && place.point !== chosen && go) choose(place.point);
  const here = place.point < 0 || place.point === chosen;
  const field = place.field || (place.path && form.querySelector(`[data-path="${CSS.escape(place.path)}"]`));
  if (here && field && !field.closest("[hidden]")) {
    const note = Object.assign(document.createElement("span"), { className: "fleet-editor__wrong", textContent: text, id: "wrong" });
    note.setAttribute("role", "alert");
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", "wrong");
    field.after(note);
    const folded = field.closest("details");
    if (folded) folded.open = true;
    if (go) field.focus();
    return;
  }
  $("error").textContent = place.point >= 0 ? `${words.point.replace("%s", place.point + 1)}: ${text}` : text;
  $("error").hidden = false;
  if (go) $("error").scrollIntoView({ block: "nearest" });
}

let asked = 0;
let timer = 0;
function look() {
  clearTimeout(timer);
  const mine = ++asked;
  if (points.length < (isArea() ? 3 : 2)) {
    clearComplaints();
    $("facts").textContent = $("survey-facts").textContent = "";
    $("advice").replaceChildren();
    board.path(null);
    return;
  }
  timer = setTimeout(async () => {
    try {
      const [status, said] = await send(root.dataset.look, { ...planOf(form, kind(), points, kept), name: "-" });
      if (mine !== asked) return;
      if (status === 200) tell(said);
      else complain(said.error, said.field);
    } catch {
      if (mine === asked) complain(words.failed);
    }
  }, 250);
}

function tell(said) {
  clearComplaints();
  $("facts").textContent = fill(words.facts, { length: lengthText(said.distance), time: timeText(said.duration), photos: said.photos, points: said.points });
  $("survey-facts").textContent = said.path ? fill(words.survey, { area: (said.area / 10000).toFixed(2), gsd: said.gsd, lines: said.line_count, speed: said.speed }) : "";
  board.path(said.path);
  $("advice").replaceChildren(
    ...said.advice.map(([severity, text]) => {
      const line = Object.assign(document.createElement("li"), { textContent: text });
      line.dataset.verdict = severity === "info" ? "warn" : severity;
      return line;
    }),
  );
}

async function save() {
  const body = { ...planOf(form, kind(), points, kept), opened: root.dataset.sign };
  let [status, said] = await send(root.dataset.save, body);
  if (status === 409 && confirm(`${said.error} ${words.overwrite}`)) [status, said] = await send(root.dataset.save, { ...body, opened: "" });
  asked++; // an earlier look has nothing to add
  if (status !== 200) {
    complain(said.error, said.field, true);
    return;
  }
  saved = true;
  location.href = said.url;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(timer);
  $("save").disabled = true;
  try {
    await save();
  } catch {
    complain(words.failed);
  }
  $("save").disabled = false;
});

let before = kind();
form.addEventListener("change", ({ target }) => {
  saved = false;
  const part = chosen >= 0 && pointChange(target);
  if (target.name === "kind") {
    if (points.length && !confirm(words.change)) {
      fields.kind.value = before;
      return;
    }
    before = kind();
    [points, chosen, past.length, future.length] = [[], -1, 0, 0];
    draw();
  } else if (target.name === "height") {
    const height = Number(target.value);
    if (target.value !== "" && points.length) change(points.map((each) => ({ ...each, height })));
  } else if (part) {
    const needed = ["latitude", "longitude", "height"].includes(part[0]);
    if (needed && part[1] === null) showPoint(form, points[chosen]);
    else change(altered(chosen, { [part[0]]: part[1] }));
  } else if (target.name !== "name") {
    show();
    look();
  }
});

// The camera that the chosen aircraft usually carries.
fields.drone_model_key.addEventListener("change", () => {
  const usual = cameras.find(([, , drone]) => drone === fields.drone_model_key.value);
  if (usual) fields.payload_model_key.value = usual[0];
});

$("undo").addEventListener("click", () => travel(past, future));
$("redo").addEventListener("click", () => travel(future, past));
$("centre").addEventListener("click", () => add(map.getCenter().wrap()));
$("remove-point").addEventListener("click", () => remove(chosen));
$("insert-point").addEventListener("click", () => {
  const here = points[chosen];
  const next = points[chosen + 1] || (isArea() ? points[0] : null);
  if (next && next !== here) insert(chosen + 1, { lat: (here.latitude + next.latitude) / 2, lng: (here.longitude + next.longitude) / 2 });
  else add(map.getCenter().wrap());
});
$("previous").addEventListener("click", () => choose(chosen - 1));
$("next").addEventListener("click", () => choose(chosen + 1));
$("add-action").addEventListener("click", () => actions.add());
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, select, textarea")) return;
  const key = event.key.toLowerCase();
  if (key === "z") travel(...(event.shiftKey ? [future, past] : [past, future]));
  else if (key === "y") travel(future, past);
  else return;
  event.preventDefault();
});
addEventListener("beforeunload", (event) => {
  if (!saved && points.length) event.preventDefault();
});

for (const dock of begin.docks) L.marker(dock.at, { icon: L.divIcon({ className: "fleet-mission__home", iconSize: [14, 14] }), title: dock.name, alt: `${words.dock} ${dock.name}`, keyboard: false, interactive: false }).addTo(map);
const given = read("editor-plan");
if (given) ({ points, kept } = open(form, given));
fitOnce(map, L.latLngBounds(points.map((each) => [each.latitude, each.longitude])), begin.at || [47, 8]);
draw();
