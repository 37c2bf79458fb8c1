// Tabs of a device's page, the search among its services, and copying from the access sheet.
(() => {
  "use strict";
  // A panel is not called like its hash: the browser would scroll to it, away from the summary.
  const panels = [...document.querySelectorAll(".fleet-panel")];
  const tabs = [...document.querySelectorAll(".fleet-tabs a")];

  function show() {
    const wanted = location.hash.slice(1);
    const chosen = panels.find((panel) => panel.id === "panel-" + wanted) || panels.find((panel) => panel.querySelector(".errors, .errornote")) || panels[0];
    panels.forEach((panel) => (panel.hidden = panel !== chosen));
    tabs.forEach((tab) => tab.setAttribute("aria-current", String("panel-" + tab.hash.slice(1) === chosen.id)));
  }
  if (panels.length) {
    tabs.forEach((tab) =>
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", tab.hash);
        show();
      }),
    );
    addEventListener("hashchange", show);
    show();
  }

  document.getElementById("service-search")?.addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    let found = 0;
    document.querySelectorAll("[data-section]").forEach((section) => {
      let here = 0;
      section.querySelectorAll("[data-words]").forEach((item) => {
        const text = item.dataset.words.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        here += item.hidden ? 0 : 1;
      });
      section.hidden = !here;
      found += here;
    });
    document.getElementById("service-none").hidden = found > 0;
  });

  document.querySelectorAll("[data-copy]").forEach((button) =>
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.dataset.done = "true";
      } catch {
        getSelection().selectAllChildren(source); // without https there is no clipboard: selected, one key copies it
      }
    }),
  );
  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => print()));
})();
