// The card of the chosen element: what it is, and the form to change it with. While the form is open, the shape on the map
// is a copy that can be dragged about; news from others never touches it, but is said.
window.fleetElementCard = (place, page) => {
  "use strict";
  const { map, shared, tools, words, may, colours, kindOf, send, closed, removed, saved } = page;
  const { element } = window.fleetIcons;
  const part = (name) => place.querySelector(`[data-part="${name}"]`);
  const form = part("form");
  const fields = form.elements;
  const saveButton = place.querySelector("[data-act=save]");
  const plainSave = saveButton.textContent;
  const moment = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "medium", timeStyle: "short", timeZone: page.timeZone });
  let shown = null; // the id of what the card is about
  let edit = null; // {base, draft, dirty, missing, typedHeight, saving, wanted}

  const measure = (value, unit) => (value >= 1e6 && unit === "m" ? (value / 1000).toFixed(0) + " km" : value.toLocaleString(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 }) + " " + unit);
  const area = (value) => (value >= 1e6 ? (value / 1e6).toLocaleString(undefined, { maximumFractionDigits: 2 }) + " km²" : value >= 1e4 ? (value / 1e4).toLocaleString(undefined, { maximumFractionDigits: 2 }) + " ha" : measure(value, "m²"));
  const locked = (data) => Boolean(shared.groups.get(data.group)?.locked) && !may.arrange;

  // Every height of a shape; the circle has none.
  function heights(shape) {
    const points = shape.kind === "point" ? [shape.at] : shape.kind === "circle" ? [] : shape.lines.flat();
    return points.map(({ alt }) => alt).filter((alt) => Number.isFinite(alt));
  }

  // --- What it is -----------------------------------------------------------------------------------------------------
  function facts(shape) {
    const found = [];
    if (!shape) return found;
    if (shape.kind === "point") found.push([words.position, `${shape.at.lat.toFixed(6)}, ${shape.at.wrap().lng.toFixed(6)}`]);
    if (shape.kind === "circle") found.push([words.radius, measure(shape.radius, "m")], [words.area, area(Math.PI * shape.radius ** 2)]);
    if (shape.kind === "line") found.push([words.length, measure(tools.length(shape.lines[0]), "m")], [words.corners, String(shape.lines[0].length)]);
    if (shape.kind === "polygon") {
      const [outer, ...holes] = shape.lines.map(tools.surface);
      found.push([words.area, area(outer - holes.reduce((sum, hole) => sum + hole, 0))], [words.perimeter, measure(tools.length(shape.lines[0]), "m")], [words.corners, String(shape.lines[0].length - 1)]);
    }
    const high = heights(shape);
    if (high.length) {
      const [low, top] = [Math.min(...high), Math.max(...high)];
      found.push([words.height, low === top ? measure(low, "m") : `${measure(low, "m")} – ${measure(top, "m")}`]);
    }
    return found;
  }

  function draw() {
    const data = edit ? edit.base : shared.elements.get(shown);
    place.hidden = !data;
    if (!data) return;
    part("title").textContent = data.name;
    const group = shared.groups.get(data.group);
    part("kind").textContent = [words[kindOf(data)], group?.name, data.by && words.by.replace("%s", () => data.by), data.at && moment.format(data.at)].filter(Boolean).join(" · ");
    const list = part("facts");
    list.replaceChildren(...facts(window.fleetElements.shape(data)).flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
    list.hidden = Boolean(edit);
    part("locked").hidden = Boolean(edit) || !may.draw || !locked(data);
    part("actions").hidden = Boolean(edit);
    for (const act of ["edit", "delete"]) place.querySelector(`[data-act="${act}"]`).hidden = !may.draw || locked(data);
    form.hidden = !edit;
  }

  // --- The form --------------------------------------------------------------------------------------------------------
  function begin(data, { fresh = false } = {}) {
    const shape = window.fleetElements.shape(data);
    shown = data.id;
    const high = shape ? heights(shape) : [];
    edit = { base: data, draft: null, dirty: false, missing: fresh, typedHeight: false, saving: fresh };
    fill(data, shape, high);
    if (shape) {
      edit.draft = tools.edit(shape, window.fleetElements.colour(data), () => {
        edit.dirty = true;
        follow();
      });
      shared.setApart(data.id, true);
    }
    say("");
    draw();
    fields.name.focus({ preventScroll: true });
    fields.name.select();
  }

  function fill(data, shape, high) {
    form.reset();
    fields.name.value = data.name;
    fields.color.value = window.fleetElements.colour(data).toLowerCase();
    fields.group.replaceChildren(...[...shared.groups.values()].map((group) => new Option(group.name, group.id, false, group.id === data.group)));
    for (const option of fields.group.options) option.disabled = !may.arrange && shared.groups.get(option.value).locked;
    const same = high.length > 0 && high.every((value) => value === high[0]);
    fields.height.value = same ? high[0] : "";
    fields.height.placeholder = high.length && !same ? words.various : "";
    fields.ground.checked = data.content.properties?.clampToGround === true;
    for (const each of form.querySelectorAll("[data-only]")) each.hidden = each.dataset.only !== shape?.kind;
    for (const each of form.querySelectorAll("[data-not]")) each.hidden = each.dataset.not === shape?.kind;
    mark();
    if (shape?.kind === "point") placeFields(shape.at);
    if (shape?.kind === "circle") fields.radius.value = shape.radius;
  }

  function placeFields(at) {
    fields.latitude.value = at.lat.toFixed(7);
    fields.longitude.value = at.wrap().lng.toFixed(7);
  }

  // The numbers follow what is dragged.
  function follow() {
    const { draft } = edit;
    if (draft.kind === "point") placeFields(draft.layer.getLatLng());
    if (draft.kind === "circle") fields.radius.value = Math.round(draft.layer.getRadius() * 100) / 100;
  }

  function mark() {
    for (const swatch of part("colours").children) swatch.setAttribute("aria-pressed", String(swatch.dataset.colour.toLowerCase() === fields.color.value));
  }

  function end() {
    if (!edit) return;
    const { base } = edit;
    edit.draft?.remove();
    edit = null;
    saveButton.textContent = plainSave;
    shared.setApart(base.id, false);
    say("");
    draw();
  }

  function say(text, { theirs = false, quiet = false } = {}) {
    const note = part("note");
    note.hidden = !text;
    note.classList.toggle("elements-note--quiet", quiet);
    note.querySelector("span").textContent = text;
    place.querySelector("[data-act=theirs]").hidden = !theirs;
    if (text) note.scrollIntoView({ block: "nearest" });
  }

  function flat(coordinates) {
    return Array.isArray(coordinates[0]) ? coordinates.map(flat) : coordinates.slice(0, 2);
  }

  function raised(coordinates, height) {
    return Array.isArray(coordinates[0]) ? coordinates.map((inner) => raised(inner, height)) : [...coordinates.slice(0, 2), height];
  }

  // The feature as the form and the map have it now; what nobody here knows of stays as it was.
  function content() {
    const { base, draft } = edit;
    const properties = { ...base.content.properties, color: fields.color.value.toUpperCase(), clampToGround: fields.ground.checked };
    let { geometry } = base.content;
    if (draft) {
      const { kind } = draft;
      const legacy = kind === "circle" && base.type === 3 && base.content.geometry.type === "Point";
      const read = draft.read();
      if (legacy) {
        const { lat, lng } = draft.layer.getLatLng().wrap();
        geometry = { ...geometry, coordinates: [lng, lat] };
        properties.radius = draft.layer.getRadius();
      } else {
        geometry = { ...geometry, ...read.geometry };
        if (read.circle) properties.circle = read.circle;
        else delete properties.circle;
      }
      if (kind === "point" && !edit.typedHeight && Number.isFinite(base.content.geometry.coordinates[2])) geometry.coordinates = raised(geometry.coordinates, base.content.geometry.coordinates[2]);
    }
    if (edit.typedHeight) {
      const height = fields.height.value.trim();
      geometry = { ...geometry, coordinates: height === "" ? flat(geometry.coordinates) : raised(geometry.coordinates, Number(height)) };
      properties.is3d = height !== "";
    }
    return { ...base.content, properties, geometry };
  }

  async function save() {
    const now = edit;
    if (!now) return;
    if (now.saving) {
      // What was just drawn is still on its way: it is saved as it is now once it has arrived.
      if (!now.wanted) say(words.saving, { quiet: true });
      now.wanted = true;
      return;
    }
    const body = { name: fields.name.value.trim(), group: fields.group.value };
    if (now.dirty || now.missing) body.content = content();
    now.saving = true;
    say(words.saving, { quiet: true });
    const create = now.missing;
    const done = create ? await send("new/", { ...body, id: now.base.id, type: now.base.type }) : await send(`${now.base.id}/`, { ...body, seen: now.base.at });
    now.saving = false;
    if (edit !== now) return;
    if (done.ok) {
      const data = { ...now.base, name: body.name || now.base.name, group: body.group, at: done.data.at, content: body.content || now.base.content };
      saved(data, create);
      end();
    } else if (done.status === 404) {
      now.missing = true;
      say(words.goneMeanwhile);
    } else if (done.data.outdated) others();
    else say(done.data.error || words.failed);
  }

  // Somebody else was faster: the next "Save" is meant, for it says what it does.
  function others() {
    say(words.changedBy, { theirs: true });
    saveButton.textContent = words.keepMine;
    const now = shared.elements.get(edit.base.id);
    if (now) edit.base = { ...edit.base, at: now.at };
  }

  // --- What comes from others --------------------------------------------------------------------------------------------
  function news(touched) {
    if (edit && touched.has(edit.base.id) && !edit.saving) {
      const now = shared.elements.get(edit.base.id);
      if (!now) {
        if (!edit.missing) {
          edit.missing = true;
          say(words.goneMeanwhile);
        }
      } else {
        const { base } = edit;
        const alike = now.at === base.at || (now.name === base.name && now.group === base.group && JSON.stringify(now.content) === JSON.stringify(base.content));
        edit.missing = false;
        if (alike) edit.base = now;
        else if (edit.dirty) others();
        else {
          end(); // nothing of one's own is lost
          begin(now);
        }
      }
    } else if (!edit && touched.has(shown)) {
      if (!shared.elements.has(shown)) close();
      else draw();
    }
  }

  function close() {
    end();
    shown = null;
    draw();
    closed();
  }

  // --- What the operator does ----------------------------------------------------------------------------------------------
  for (const [value, name] of colours) {
    const swatch = element("button", "elements-swatch");
    swatch.type = "button";
    swatch.dataset.colour = value;
    swatch.style.background = value;
    swatch.setAttribute("aria-label", name);
    swatch.title = name;
    swatch.addEventListener("click", () => {
      fields.color.value = value.toLowerCase();
      form.dispatchEvent(new Event("input"));
    });
    part("colours").append(swatch);
  }

  form.addEventListener("input", ({ target }) => {
    edit.dirty = true;
    edit.typedHeight ||= target === fields.height;
    mark();
    edit.draft?.paint(fields.color.value);
    const [lat, lng] = [fields.latitude, fields.longitude].map((field) => Number(field.value.replace(",", ".")));
    if ((target === fields.latitude || target === fields.longitude) && Math.abs(lat) <= 90 && Math.abs(lng) <= 180) edit.draft.move([lat, lng]);
    if (target === fields.radius && Number(target.value) > 0) edit.draft.resize(Number(target.value));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  place.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]")?.dataset.act;
    const data = shared.elements.get(shown);
    if (act === "close") close();
    else if (act === "cancel") {
      if (edit?.missing) close();
      else end();
    } else if (act === "theirs" && data) {
      end();
      begin(data);
    } else if (act === "edit" && data) begin(data);
    else if (act === "delete" && data) removed(data);
    else if (act === "go" && data) map.fitBounds(shared.bounds([shown]), { maxZoom: 17, padding: [60, 60] });
  });

  return {
    news,
    close,
    begin,
    isBusy: () => Boolean(edit && (edit.dirty || edit.missing)),
    // What was drawn here is stored, or was refused and stays to be put right.
    drawn(data, refusal) {
      if (edit?.base.id !== data.id) return;
      const { wanted } = edit;
      edit.saving = edit.wanted = false;
      const there = shared.elements.get(data.id);
      edit.missing = Boolean(refusal) && !there; // it may be stored and only the answer lost: the news then brought it
      if (refusal) {
        edit.base = there || edit.base;
        return say(refusal);
      }
      edit.base = shared.elements.get(data.id) || data;
      if (wanted) save();
    },
    isEditing: () => edit !== null,
    say,
    show(id) {
      end();
      shown = id;
      draw();
    },
    redraw: () => !edit && draw(),
  };
};
