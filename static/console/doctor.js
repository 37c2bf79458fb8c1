// The connection doctor: each card asks for itself, a few at a time, so that one that waits holds up no other.
(() => {
  "use strict";
  const AT_ONCE = 3;
  const root = document.querySelector("[data-doctor]");
  if (!root) return;
  const cards = [...root.querySelectorAll("[data-look]")];
  const queue = [];
  let running = 0;

  function want(card) {
    if (queue.includes(card) || card.getAttribute("aria-busy") === "true") return;
    queue.push(card);
    next();
  }

  function next() {
    while (running < AT_ONCE && queue.length) {
      running += 1;
      look(queue.shift()).finally(() => {
        running -= 1;
        next();
      });
    }
  }

  async function look(card) {
    card.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(card.dataset.look, { redirect: "manual", credentials: "same-origin" });
      if (answer.type === "opaqueredirect") window.fleetLeave();
      else if (answer.ok) paint(card, await answer.text());
      else fail(card);
    } catch {
      fail(card);
    }
    card.removeAttribute("aria-busy");
    card.dataset.at = Date.now();
  }

  function paint(card, html) {
    const page = document.createElement("template");
    page.innerHTML = html; // rendered and escaped by the server
    for (const part of page.content.querySelectorAll("template[data-slot]")) {
      const place = card.querySelector(`[data-slot="${part.dataset.slot}"]`);
      if (place && place.innerHTML !== part.innerHTML) place.replaceChildren(part.content);
    }
    const state = card.querySelector("[data-slot=sign] [data-state]")?.dataset.state;
    if (card.dataset.opens && state && !card.dataset.state) card.open = state === "bad";
    if (state) card.dataset.state = state;
  }

  function fail(card) {
    const note = document.createElement("p");
    note.className = "fleet-note";
    note.dataset.tone = "bad";
    note.textContent = root.dataset.failed;
    card.querySelector("[data-slot=steps]").replaceChildren(note);
    const sign = card.querySelector("[data-slot=sign] .fleet-badge");
    if (sign) sign.textContent = "—";
  }

  root.querySelector("[data-look-all]").addEventListener("click", () => cards.forEach(want));
  // What is not well is looked at again while somebody watches; what is on its way moves under their eyes.
  setInterval(() => {
    if (document.hidden) return;
    for (const card of cards) {
      const pause = Number(card.dataset.again || 0) * 1000;
      if (pause && card.dataset.state !== "good" && Date.now() - Number(card.dataset.at || 0) > pause) want(card);
    }
  }, 2000);
  cards.forEach(want);
})();
