// The gallery: cards that come as one scrolls and as devices upload, choosing many of them, and filters that act at once.
(() => {
  "use strict";
  const root = document.getElementById("gallery");
  if (!root) return;
  const configuration = JSON.parse(document.getElementById("gallery-configuration").textContent);
  const { words } = configuration;
  const find = (id) => document.getElementById("gallery-" + id);
  const grid = find("grid");
  const bar = find("bar");
  const chosen = new Set();
  let everything = false;
  const RETRY = 5000; // ms
  let fetching = false;
  let generation = 0; // of the list: it is read anew after a lost line
  let retry = 0;

  const cards = () => [...grid.querySelectorAll(".shot")];
  const card = (id) => grid.querySelector(`.shot[data-id="${Number(id)}"]`);
  const made = (html) => {
    const page = document.createElement("template");
    page.innerHTML = html; // rendered and escaped by the server
    return [...page.content.querySelectorAll(".shot")];
  };

  function say(text, tone = "") {
    const place = find("say");
    place.textContent = text;
    place.dataset.tone = tone;
    place.hidden = !text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => (place.hidden = true), 6000);
  }

  // Sends a form's fields; what the server says is shown. True when it did what it was asked.
  async function send(address, fields = {}) {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: root.querySelector("[name=csrfmiddlewaretoken]").value });
    try {
      const answer = await fetch(address, { method: "POST", body });
      const told = answer.headers.get("Content-Type")?.includes("json") ? (await answer.json()).message : "";
      if (!answer.ok) throw new Error(told || String(answer.status));
      if (told) say(told);
      return true;
    } catch (error) {
      say(words.failed.replace("%s", error instanceof TypeError ? words.network : error.message), "bad");
      return false;
    }
  }
  const post = (action, fields) => send(`${location.pathname}${action}/`, fields);

  // --- Cards -----------------------------------------------------------------------------------------------------
  function place(fresh) {
    const present = card(fresh.dataset.id);
    const all = cards();
    const moment = Number(fresh.dataset.moment);
    if (present && Number(present.dataset.moment) === moment) {
      present.replaceWith(fresh);
    } else {
      present?.remove();
      const before = cards().find((other) => Number(other.dataset.moment) <= moment);
      if (!before && grid.dataset.after && all.length) return; // its place is further down and comes by scrolling
      grid.insertBefore(fresh, before || null);
    }
    fresh.querySelector("input").checked = chosen.has(fresh.dataset.id);
  }

  function drop(id) {
    card(id)?.remove();
    if (chosen.delete(String(id))) count();
  }

  const empty = () => (find("empty").hidden = grid.childElementCount > 0);

  async function more() {
    if (fetching || !grid.dataset.after) return;
    fetching = true;
    const mine = generation;
    try {
      const answer = await fetch(`${configuration.more}&after=${encodeURIComponent(grid.dataset.after)}`);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const { html, after } = await answer.json();
      if (mine !== generation) return; // the beginning was read anew meanwhile: what follows it is another
      for (const fresh of made(html)) if (!card(fresh.dataset.id)) grid.append(fresh);
      for (const box of grid.querySelectorAll(".shot__choose input")) box.checked = chosen.has(box.value);
      grid.dataset.after = after;
      find("more").hidden = !after;
    } catch (error) {
      say(words.failed.replace("%s", error instanceof TypeError ? words.network : error.message), "bad");
    } finally {
      fetching = false;
    }
  }
  new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && more(), { rootMargin: "800px" }).observe(find("more"));
  find("more").addEventListener("click", more);

  // --- Choosing ----------------------------------------------------------------------------------------------------
  function count() {
    find("count").textContent = everything ? find("all")?.textContent || "" : words.selected.replace("%s", chosen.size);
    bar.hidden = !chosen.size && !everything;
    bar.elements.ids.value = [...chosen].join(",");
    bar.elements.all.value = everything ? "1" : "";
    bar.elements.single.value = "";
  }
  grid.addEventListener("change", (event) => {
    const box = event.target;
    everything = false;
    if (box.checked) chosen.add(box.value);
    else chosen.delete(box.value);
    count();
  });
  function clear() {
    chosen.clear();
    everything = false;
    for (const box of grid.querySelectorAll(".shot__choose input")) box.checked = false;
    count();
  }
  find("none").addEventListener("click", clear);
  find("all")?.addEventListener("click", () => {
    everything = true;
    count();
  });
  root.querySelector("[data-star-all]")?.addEventListener("click", async () => {
    const fields = everything ? Object.fromEntries(new FormData(bar)) : { ids: [...chosen].join(",") };
    if (await post("star", { ...fields, favorite: "1" })) clear();
  });

  // --- Large view, filters, alarms ---------------------------------------------------------------------------------
  const large = window.galleryLarge(configuration.file, {
    order: () => cards().map((one) => Number(one.dataset.id)),
    post,
    remove(id) {
      clear();
      chosen.add(String(id));
      count();
      bar.elements.single.value = "1"; // this one, not all that it stands for
      bar.requestSubmit(bar.querySelector("[formaction$='/delete/']"));
    },
  });
  grid.addEventListener("click", (event) => {
    const link = event.target.closest(".shot__open");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    large.open(Number(link.closest(".shot").dataset.id));
  });
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-post]");
    if (!button || (button.dataset.confirm && !confirm(button.dataset.confirm))) return;
    button.disabled = true;
    await send(button.dataset.post);
    button.disabled = false;
  });
  const filters = find("filters");
  filters.addEventListener("change", () => filters.requestSubmit());
  filters.addEventListener("submit", () => {
    for (const field of filters.elements) if (field.name && !field.value) field.disabled = true; // a short address
  });
  window.galleryArea(configuration, (text) => {
    find("area").value = text;
    filters.requestSubmit();
  });
  addEventListener("pageshow", () => {
    for (const field of filters.elements) field.disabled = false;
  });

  // --- What devices upload meanwhile ---------------------------------------------------------------------------------
  let connected = false;
  const take = (frame) => {
    if (frame.kind === "state") {
      if (connected || frame.mark !== grid.dataset.mark) again(); // what came while nobody listened
      connected = true;
    } else if (frame.kind === "reload") again();
    else if (frame.kind === "html") document.getElementById(frame.target).innerHTML = frame.html; // escaped by the server
    else if (frame.kind === "cards") {
      frame.gone.forEach(drop);
      for (const one of frame.cards) {
        made(one.html).forEach(place);
        large.refresh(one.id);
      }
      empty();
    }
  };
  async function again() {
    generation += 1;
    const mine = generation;
    clearTimeout(retry);
    let html, after, mark;
    try {
      const answer = await fetch(configuration.more);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      ({ html, after, mark } = await answer.json());
    } catch (error) {
      if (mine !== generation) return;
      say(words.failed.replace("%s", error instanceof TypeError ? words.network : error.message), "bad");
      retry = setTimeout(again, RETRY);
      return;
    }
    if (mine !== generation) return;
    grid.replaceChildren(...made(html));
    grid.dataset.after = after;
    grid.dataset.mark = mark;
    find("more").hidden = !after;
    for (const box of grid.querySelectorAll(".shot__choose input")) box.checked = chosen.has(box.value);
    empty();
  }
  window.fleetSocket(configuration.socket, take, (name) => (find("sign").dataset.state = name));

  const asked = Number(new URLSearchParams(location.search).get("file"));
  if (asked) large.open(asked);
})();
