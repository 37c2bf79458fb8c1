// Choosing a workspace goes there at once; without this script the button does.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("[data-workspace-switcher]")) {
    form.querySelector("button").hidden = true;
    form.querySelector("select").addEventListener("change", () => form.requestSubmit());
  }
});
