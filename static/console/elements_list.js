// The list beside the shared map: groups, and in them what the search lets through. Names are always set as text.
window.fleetElementList = (place, page) => {
  "use strict";
  const { shared, words, may, choose, hide, arrange } = page;
  const { element } = window.fleetIcons;
  const MOST = 200; // rows of a group; the search finds the others
  const MARKS = { point: "M10 5a5 5 0 1 0 .01 0Z", line: "M3 16 8 6l5 6 4-9", polygon: "M4 7 11 3l6 6-3 8-9-2Z", circle: "M10 3a7 7 0 1 0 .01 0Z" };
  const alphabet = new Intl.Collator(undefined, { numeric: true });
  const folded = new Map(); // which groups the reader has shut
  let query = "";
  let chosen = null;
  let asked = 0;

  function vector(tag, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  const kindOf = (data) => window.fleetElements.shape(data)?.kind || "unknown";

  function mark(data) {
    const kind = kindOf(data);
    const svg = vector("svg", { viewBox: "0 0 20 20", "aria-hidden": "true", class: "elements-mark" });
    const colour = window.fleetElements.colour(data);
    svg.append(vector("path", { d: MARKS[kind] || MARKS.point, stroke: colour, fill: kind === "line" ? "none" : colour, "fill-opacity": kind === "point" ? 1 : 0.25, "stroke-width": 2.2, "stroke-linejoin": "round" }));
    return svg;
  }

  function row(data) {
    const made = element("li", "elements-row");
    made.dataset.id = data.id;
    if (data.hidden) made.dataset.hidden = "yes";
    const button = element("button", "elements-row__button");
    button.type = "button";
    button.dataset.act = "choose";
    if (data.id === chosen) {
      button.setAttribute("aria-current", "true");
      made.classList.add("is-selected");
    }
    const text = element("span", "elements-row__text");
    text.append(element("strong", "", data.name), element("span", "", [words[kindOf(data)], data.by && words.by.replace("%s", () => data.by), data.hidden && words.hidden].filter(Boolean).join(" · ")));
    button.append(mark(data), text);
    made.append(button);
    if (may.draw) {
      const eye = element("button", "elements-row__eye", data.hidden ? "◌" : "●");
      eye.type = "button";
      eye.dataset.act = "hide";
      eye.title = data.hidden ? words.show : words.hide;
      eye.setAttribute("aria-label", `${eye.title}: ${data.name}`);
      eye.setAttribute("aria-pressed", String(data.hidden));
      made.append(eye);
    }
    return made;
  }

  function heading(group, total, shown) {
    const made = element("summary", "elements-group__head");
    made.append(element("strong", "", group.name));
    for (const [is, word] of [[group.locked, words.locked], [!group.distributed, words.notDistributed], [group.no_fly, words.noFly]]) if (is) made.append(element("span", "elements-group__mark", word));
    made.append(element("span", "elements-group__count", shown === total ? String(total) : words.filtered.replace("%s", shown).replace("%s", total)));
    if (may.arrange) {
      const button = element("button", "elements-group__arrange", "⋯");
      button.type = "button";
      button.dataset.act = "arrange";
      button.setAttribute("aria-label", words.arrange.replace("%s", () => group.name));
      made.append(button);
    }
    return made;
  }

  function draw() {
    asked = 0;
    const all = new Map([...shared.groups.keys()].map((id) => [id, []]));
    for (const data of shared.elements.values()) all.get(data.group)?.push(data);
    const parts = query.split(/\s+/).filter(Boolean);
    const focused = document.activeElement?.closest?.(".elements-row, .elements-group");
    const act = document.activeElement?.dataset?.act;
    const before = place.scrollTop;
    let found = 0;
    const groups = [...shared.groups.values()].map((group) => {
      const whole = all.get(group.id);
      const fitting = whole.filter((data) => {
        const text = `${data.name} ${data.by} ${group.name}`.toLowerCase();
        return parts.every((part) => text.includes(part));
      });
      found += fitting.length;
      const made = element("details", "elements-group");
      made.dataset.group = group.id;
      made.open = folded.get(group.id) !== true || query !== "";
      made.addEventListener("toggle", () => query === "" && folded.set(group.id, !made.open));
      made.append(heading(group, whole.length, fitting.length));
      const list = element("ul");
      fitting.sort((a, b) => alphabet.compare(a.name, b.name));
      list.append(...fitting.slice(0, MOST).map(row));
      if (fitting.length > MOST) list.append(element("li", "elements-group__more", words.more.replace("%s", fitting.length - MOST)));
      if (!whole.length) list.append(element("li", "elements-group__more", words.emptyGroup));
      made.append(list);
      made.hidden = query !== "" && !fitting.length;
      return made;
    });
    place.replaceChildren(...groups);
    place.scrollTop = before;
    const key = focused?.dataset.id ? `[data-id="${focused.dataset.id}"]` : focused?.dataset.group ? `[data-group="${focused.dataset.group}"]` : "";
    if (key && place.querySelector(key)) (place.querySelector(`${key} [data-act="${act}"]`) || place.querySelector(`${key} summary`))?.focus();
    return found;
  }

  place.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const { id } = button.closest(".elements-row")?.dataset || {};
    if (button.dataset.act === "choose") choose(id);
    else if (button.dataset.act === "hide") hide(shared.elements.get(id));
    else if (button.dataset.act === "arrange") {
      event.preventDefault(); // or the group would fold
      arrange(shared.groups.get(button.closest(".elements-group").dataset.group));
    }
  });

  return {
    kindOf,
    draw,
    soon(then) {
      asked ||= requestAnimationFrame(() => then(draw()));
    },
    search(text) {
      query = text.trim().toLowerCase();
    },
    choose(id) {
      chosen = id;
      for (const made of place.querySelectorAll(".elements-row")) {
        made.classList.toggle("is-selected", made.dataset.id === id);
        const button = made.querySelector("[data-act=choose]");
        if (made.dataset.id === id) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      }
      place.querySelector(".is-selected")?.scrollIntoView({ block: "nearest" });
    },
  };
};
