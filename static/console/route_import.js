// File by file into the library, each with its own outcome; what is there already is asked about.
(() => {
  "use strict";
  const form = document.getElementById("import");
  const drop = document.getElementById("drop");
  const files = document.getElementById("files");
  const list = document.getElementById("chosen");
  const send = document.getElementById("send");
  const { words, most } = JSON.parse(document.getElementById("import-words").textContent);
  files.hasChangeListener = true; // the theme's own handler expects a text field beside every file

  const line = (file) => {
    const item = document.createElement("li");
    item.append(`${file.name} · ${(file.size / 1e6).toFixed(1)} MB `);
    item.append(Object.assign(document.createElement("span"), { className: "fleet-import__state" }));
    return item;
  };
  const name = () => list.replaceChildren(...[...files.files].map(line));
  files.addEventListener("change", name);
  if (files.files.length) name(); // chosen before this was loaded, or kept by the browser on the way back
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

  function say(item, verdict, ...parts) {
    item.dataset.verdict = verdict;
    item.querySelector(".fleet-import__state").replaceChildren("· ", ...parts);
  }

  function button(text, press) {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "fleet-button", textContent: text });
    made.addEventListener("click", press);
    return made;
  }

  const link = (route) => Object.assign(document.createElement("a"), { href: route.url, textContent: route.name });

  async function bring(file, item, taken) {
    if (file.size > most) {
      say(item, "block", words.tooLarge);
      return null;
    }
    say(item, "wait", words.sending);
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("taken", taken);
    body.append("files", file);
    try {
      const answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json" } });
      const [result] = (await answer.json()).results;
      return tell(file, item, result);
    } catch {
      say(item, "block", words.failed);
      return null;
    }
  }

  function tell(file, item, result) {
    if (result.route) {
      say(item, "ok", `${words.done}: `, link(result.route));
      return result.route;
    }
    if (!result.there) {
      say(item, "block", result.error);
      return null;
    }
    const again = (taken) => () => bring(file, item, taken);
    const choices = [button(words.keep, again("keep"))];
    if (result.reason === "name_taken") choices.push(button(words.replace, again("replace")));
    choices.push(button(words.skip, () => say(item, "warn", words.skipped)));
    say(item, "warn", `${result.error} `, link(result.there), " ", ...choices);
    return null;
  }

  form.addEventListener("submit", async (event) => {
    if (!files.files.length) return; // the server says so
    event.preventDefault();
    const chosen = [...files.files];
    name();
    send.disabled = true;
    const items = [...list.children];
    for (const item of items) say(item, "wait", words.waiting);
    let made = null;
    for (const [index, file] of chosen.entries()) made = await bring(file, items[index], form.elements.taken.value);
    send.disabled = false;
    files.value = "";
    if (chosen.length === 1 && made) location.href = made.url;
  });
})();
