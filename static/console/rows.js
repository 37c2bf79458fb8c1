// Lists are sent as JSON; a person fills in rows. Without this script one types the JSON.
(() => {
  "use strict";
  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function input(column, value, name) {
    let made;
    if (column.choices.length || column.type === "bool") {
      made = element("select", "fleet-input");
      const choices = column.choices.length ? column.choices : [[true, column.yes], [false, column.no]];
      made.append(new Option("—", ""), ...choices.map(([key, label]) => new Option(label, JSON.stringify(key))));
      made.value = value === undefined ? "" : JSON.stringify(value);
    } else {
      made = element("input", "fleet-input");
      const number = column.type === "int" || column.type === "float";
      made.type = number ? "number" : "text";
      if (number) made.step = column.type === "int" ? "1" : "any";
      if (column.minimum !== null) made.min = column.minimum;
      if (column.maximum !== null) made.max = column.maximum;
      if (column.max_length) made.maxLength = column.max_length;
      made.value = value ?? "";
    }
    made.dataset.name = column.name;
    made.dataset.type = column.choices.length || column.type === "bool" ? "choice" : column.type;
    made.setAttribute("aria-label", name);
    return made;
  }

  function read(field) {
    const text = field.value.trim();
    if (text === "") return undefined;
    if (field.dataset.type === "choice") return JSON.parse(text);
    // What is no number is left as it is: the server says at which field.
    return field.dataset.type === "text" || Number.isNaN(Number(text)) ? text : Number(text);
  }

  document.querySelectorAll("textarea[data-rows]").forEach((area) => {
    const { columns, words } = JSON.parse(area.dataset.rows);
    const single = columns.length === 1 && columns[0].name === "";
    let present = [];
    try {
      present = JSON.parse(area.value || "[]");
    } catch {
      return; // what was typed as JSON and is none stays there to be mended
    }
    if (!Array.isArray(present)) return;
    const plain = (item) => single || (item && typeof item === "object" && Object.keys(item).every((key) => columns.some((column) => column.name === key)));
    if (!present.every(plain)) return; // more than the columns hold: nothing of it may get lost

    const rows = element("div", "fleet-rows");
    const write = () => {
      const data = [...rows.children].map((row) => {
        const fields = [...row.querySelectorAll("[data-name]")];
        if (single) return read(fields[0]);
        return Object.fromEntries(fields.map((field) => [field.dataset.name, read(field)]).filter(([, value]) => value !== undefined));
      });
      const given = data.filter((item) => item !== undefined && (single || Object.keys(item).length));
      area.value = given.length ? JSON.stringify(given) : "";
    };
    const add = (item) => {
      const row = element("div", "fleet-row-fields");
      const number = rows.children.length + 1;
      columns.forEach((column) => {
        const label = element("label", "", single ? "" : column.label);
        label.append(input(column, single ? item : item[column.name], `${column.label} ${number}`));
        row.append(label);
      });
      const remove = element("button", "fleet-button", words.remove);
      remove.type = "button";
      remove.addEventListener("click", () => {
        row.remove();
        write();
      });
      row.append(remove);
      rows.append(row);
      return row;
    };
    (present.length ? present : [single ? undefined : {}]).forEach(add);
    rows.addEventListener("input", write);
    const more = element("button", "fleet-button", words.add);
    more.type = "button";
    more.dataset.addRow = area.name;
    more.addEventListener("click", () => add(single ? undefined : {}).querySelector("[data-name]").focus());
    area.before(rows, more);
    area.hidden = true;
    document.querySelector(`label[for="${CSS.escape(area.id)}"]`)?.removeAttribute("for");
  });
})();
