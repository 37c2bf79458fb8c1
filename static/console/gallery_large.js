// The large view of one file: fetched as a partial, walked through with arrows, left with Escape.
(() => {
  "use strict";

  // `order` gives the ids of the cards as they stand; `post` sends, `say` tells, `remove` asks to delete.
  window.galleryLarge = (address, { order, post, remove }) => {
    const dialog = document.getElementById("gallery-large");
    const place = document.getElementById("gallery-file");
    let shown = 0;
    let anchor = 0; // the card from which one walks on, when a file of its stack is shown
    let panes = null;
    let asked = 0;

    async function open(id, from = id) {
      const mine = ++asked;
      const answer = await fetch(address.replace("/0/", `/${id}/`), { headers: { "X-Requested-With": "fetch" } });
      if (mine !== asked) return;
      if (!answer.ok || answer.redirected) {
        close();
        return;
      }
      place.innerHTML = await answer.text(); // rendered and escaped by the server
      if (mine !== asked) return;
      shown = id;
      anchor = from;
      panes = window.galleryPanes(place.querySelector(".gallery-file__stage"));
      if (!dialog.open) dialog.showModal();
      remember(id);
      const ids = order();
      const at = ids.indexOf(anchor);
      dialog.querySelector("[data-step='-1']").disabled = at <= 0;
      dialog.querySelector("[data-step='1']").disabled = at < 0 || at >= ids.length - 1;
    }

    function remember(id) {
      const url = new URL(location.href);
      if (id) url.searchParams.set("file", id);
      else url.searchParams.delete("file");
      history.replaceState(null, "", url);
    }

    function close() {
      if (dialog.open) dialog.close();
    }

    function step(by) {
      const ids = order();
      const next = ids[ids.indexOf(anchor) + by];
      if (next && ids.includes(anchor)) open(next);
    }

    dialog.addEventListener("close", () => {
      asked += 1;
      shown = 0;
      place.replaceChildren(); // a film stops
      remember(0);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.target.closest("video, audio, input, select")) return;
      const act = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => panes?.zoom(1.5), "-": () => panes?.zoom(1 / 1.5) }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    dialog.addEventListener("click", async (event) => {
      const at = (selector) => event.target.closest(selector);
      let found;
      if (at("[data-close]")) close();
      else if ((found = at("[data-step]"))) step(Number(found.dataset.step));
      else if ((found = at("[data-file]"))) {
        event.preventDefault();
        open(Number(found.dataset.file), anchor);
      } else if ((found = at("[data-compare]"))) {
        const both = found.getAttribute("aria-pressed") !== "true";
        found.setAttribute("aria-pressed", String(both));
        panes?.compare(both);
      } else if ((found = at("[data-star]"))) {
        const favorite = found.getAttribute("aria-pressed") !== "true";
        if (await post("star", { ids: String(shown), favorite: favorite ? "1" : "0" })) open(shown, anchor);
      } else if ((found = at("[data-delete]"))) remove(found.dataset.delete);
    });
    return { open, refresh: (id) => id === shown && dialog.open && !place.querySelector("video, audio, .is-zoomed, .is-compared") && open(id, anchor) };
  };
})();
