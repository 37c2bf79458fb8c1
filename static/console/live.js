// Keeps a page's partials up to date: the server renders, this swaps. Everything it needs stands in `data-live`.
(() => {
  "use strict";
  const root = document.querySelector("[data-live]");
  if (!root) return;
  const sign = document.getElementById("live-sign");
  let delay = 500;

  function show(state) {
    if (sign) sign.dataset.state = state;
  }

  function swap(target, html) {
    const old = document.getElementById(target);
    if (!old || old.contains(document.activeElement)) return;
    if (old.dataset.html === html) return;
    const open = new Set([...old.querySelectorAll("details[open][id]")].map((element) => element.id));
    const scroll = old.scrollTop;
    old.innerHTML = html; // rendered and escaped by the server
    old.dataset.html = html;
    open.forEach((id) => old.querySelector("#" + CSS.escape(id))?.setAttribute("open", ""));
    old.scrollTop = scroll;
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const socket = new WebSocket(scheme + location.host + root.dataset.live);
    show("connecting");
    socket.onopen = () => {
      delay = 500;
      show("live");
    };
    socket.onmessage = (event) => {
      const frame = JSON.parse(event.data);
      if (frame.kind === "html") swap(frame.target, frame.html);
    };
    socket.onclose = (event) => {
      show("lost");
      if (event.code === 4403) return; // no part in this any more: reloading says why
      setTimeout(connect, delay);
      delay = Math.min(delay * 2, 10000);
    };
  }
  connect();
})();
