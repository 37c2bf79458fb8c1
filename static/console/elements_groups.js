// The dialogs of the shared map: a group's name and rules, and the import of a file.
window.fleetElementGroups = (page) => {
  "use strict";
  const { shared, words, send, upload, base, imported } = page;
  const group = document.getElementById("elements-group");
  const files = document.getElementById("elements-import");
  if (!group) return { arrange: () => {} };
  let about = null;
  files.querySelector("[type=file]").hasChangeListener = true; // the theme's own handler expects a text field beside it

  function complain(dialog, text) {
    const note = dialog.querySelector("[role=alert]");
    note.hidden = !text;
    note.textContent = text;
  }

  for (const dialog of [group, files]) dialog.querySelector("[data-act=close]").addEventListener("click", () => dialog.close());

  function arrange(wanted) {
    about = wanted;
    const { elements } = group.querySelector("form");
    group.querySelector("h2").textContent = wanted ? words.arrange.replace("%s", () => wanted.name) : words.newGroup;
    elements.name.value = wanted?.name || "";
    elements.locked.checked = Boolean(wanted?.locked);
    elements.distributed.checked = wanted?.distributed !== false;
    elements.no_fly.checked = Boolean(wanted?.no_fly);
    elements.distributed.disabled = wanted?.type === 2; // remotes draw into it
    group.querySelector("[data-part=old]").hidden = !wanted;
    group.querySelector("[data-act=delete]").hidden = wanted?.type !== 0;
    for (const link of group.querySelectorAll("[data-format]")) link.href = `${base}export/?format=${link.dataset.format}&group=${wanted?.id || ""}`;
    complain(group, "");
    group.showModal();
  }

  group.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { name, locked, distributed, no_fly } = event.target.elements;
    const done = await send(about ? `groups/${about.id}/` : "groups/", { name: name.value, locked: locked.checked, no_fly: no_fly.checked, ...(distributed.disabled ? {} : { distributed: distributed.checked }) });
    if (done.ok) group.close();
    else complain(group, done.data.error || words.failed);
  });

  group.querySelector("[data-act=delete]").addEventListener("click", async () => {
    const inside = [...shared.elements.values()].filter((data) => data.group === about.id).length;
    if (!window.confirm(words.deleteGroup.replace("%s", () => about.name).replace("%s", inside))) return;
    const done = await send(`groups/${about.id}/delete/`, {});
    if (done.ok) group.close();
    else complain(group, done.data.error || words.failed);
  });

  document.getElementById("elements-group-new").addEventListener("click", () => arrange(null));
  document.getElementById("elements-import-open").addEventListener("click", () => {
    const form = files.querySelector("form");
    form.reset();
    form.elements.group.replaceChildren(...[...shared.groups.values()].map((each) => new Option(each.name, each.id)));
    files.querySelector("[data-part=result]").hidden = true;
    complain(files, "");
    files.showModal();
  });

  files.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const result = files.querySelector("[data-part=result]");
    result.hidden = true;
    if (!form.elements.file.files.length) return complain(files, words.noFile);
    complain(files, "");
    const button = form.querySelector(".fleet-map__button--main");
    button.disabled = true;
    const done = await upload("import/", new FormData(form));
    button.disabled = false;
    if (!done.ok) return complain(files, done.data.error || words.failed);
    const { made, refused, bounds } = done.data;
    result.hidden = false;
    result.querySelector("p").textContent = words.imported.replace("%s", made) + (refused.length ? " " + words.importFailed.replace("%s", refused.length) : "");
    result.querySelector("ul").replaceChildren(
      ...refused.map(({ name, why }) => {
        const line = document.createElement("li");
        line.textContent = `${name}: ${why}`;
        return line;
      }),
    );
    imported(bounds);
    if (!refused.length) setTimeout(() => files.close(), 1200);
  });

  return { arrange };
};
