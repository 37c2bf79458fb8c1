// Live connections. `fleetSocket` keeps one open; a page with `data-live` has its partials kept up to date through it.
(() => {
  "use strict";
  const FORBIDDEN = 4403;
  const SILENCE = 25000; // the server gives a sign of life every ten seconds
  const LONGEST = 10000;
  const PATIENCE = 30000; // a slow server has so long for the page that was asked for again
  let left = 0;

  // To where the server leads now: to the login, or away from what one may not see any more. Asked for again and again, the page would never come: each time ends the one before.
  window.fleetLeave = () => {
    if (Date.now() - left < PATIENCE) return;
    left = Date.now();
    location.reload();
  };

  // Opens `path` again whenever it is lost. `take` gets each frame, `sign` "connecting", "live" or "lost".
  window.fleetSocket = (path, take, sign) => {
    let socket = null;
    let delay = 500;
    let heard = 0;
    let timer = 0;

    function open() {
      let opened = false;
      const address = (location.protocol === "https:" ? "wss://" : "ws://") + location.host + path;
      const mine = (socket = new WebSocket(address));
      heard = Date.now();
      mine.onopen = () => {
        opened = true;
        delay = 500;
        sign("live");
      };
      mine.onmessage = (event) => {
        heard = Date.now();
        take(JSON.parse(event.data));
      };
      mine.onclose = (event) => lost(mine, opened, event.code);
    }

    function lost(which, opened, code) {
      if (which !== socket) return;
      socket = null;
      sign("lost");
      if (code === FORBIDDEN) window.fleetLeave();
      if (!opened) ask();
      timer = setTimeout(open, delay * (0.75 + Math.random() / 2));
      delay = Math.min(delay * 2, LONGEST);
    }

    // A refused handshake looks like a dead network. Only the server knows whether one has to log in again.
    async function ask() {
      try {
        const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" });
        if (answer.type === "opaqueredirect" || answer.status === 403 || answer.status === 404) window.fleetLeave();
      } catch {
        // it is the network; the next try comes by itself
      }
    }

    setInterval(() => {
      if (!socket || Date.now() - heard < SILENCE) return;
      const dead = socket;
      lost(dead, true, 0);
      dead.close();
    }, 5000);
    addEventListener("online", () => {
      if (socket) return;
      clearTimeout(timer);
      open();
    });
    sign("connecting");
    open();
  };

  // Makes `now` look like `next` and touches nothing that is alike: focus, selection, scrolling and what is open stay.
  function morph(now, next) {
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName || now.id !== next.id) {
      now.replaceWith(next.cloneNode(true));
      return;
    }
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.data !== next.data) now.data = next.data;
      return;
    }
    const kept = now.nodeName === "DETAILS" ? "open" : "";
    for (const { name } of [...now.attributes]) if (name !== kept && !next.hasAttribute(name)) now.removeAttribute(name);
    for (const { name, value } of next.attributes) if (name !== kept && now.getAttribute(name) !== value) now.setAttribute(name, value);
    children(now, next);
  }

  function children(now, next) {
    const wanted = [...next.childNodes];
    const ids = new Set(wanted.map((child) => child.id).filter(Boolean));
    for (const child of [...now.childNodes]) if (child.id && !ids.has(child.id)) child.remove();
    wanted.forEach((child, index) => {
      const known = child.id && [...now.childNodes].find((other) => other.id === child.id);
      const there = now.childNodes[index];
      if (known && known !== there) now.insertBefore(known, there || null);
      if (now.childNodes[index]) morph(now.childNodes[index], child);
      else now.append(child.cloneNode(true));
    });
    while (now.childNodes.length > wanted.length) now.lastChild.remove();
  }

  const root = document.querySelector("[data-live]");
  if (!root) return;
  const state = document.getElementById("live-sign");
  const take = (frame) => {
    if (frame.kind !== "html") return root.dispatchEvent(new CustomEvent("fleet-frame", { detail: frame }));
    const place = document.getElementById(frame.target);
    if (!place) return;
    const page = document.createElement("template");
    page.innerHTML = frame.html; // rendered and escaped by the server
    children(place, page.content);
  };
  window.fleetSocket(root.dataset.live, take, (name) => {
    if (state) state.dataset.state = name;
  });
})();
