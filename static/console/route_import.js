// What was chosen is named before it is sent.
(() => {
  "use strict";
  const drop = document.getElementById("drop");
  const files = document.getElementById("files");
  const list = document.getElementById("chosen");
  files.hasChangeListener = true; // the theme's own handler expects a text field beside every file
  const name = () => list.replaceChildren(...[...files.files].map((file) => Object.assign(document.createElement("li"), { textContent: `${file.name} · ${(file.size / 1e6).toFixed(1)} MB` })));
  files.addEventListener("change", name);
  for (const event of ["dragenter", "dragover"])
    drop.addEventListener(event, (dragged) => {
      dragged.preventDefault();
      drop.dataset.over = "";
    });
  for (const event of ["dragleave", "drop"]) drop.addEventListener(event, () => delete drop.dataset.over);
  drop.addEventListener("drop", (dropped) => {
    dropped.preventDefault();
    files.files = dropped.dataTransfer.files;
    name();
  });
})();
