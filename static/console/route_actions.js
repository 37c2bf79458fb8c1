// What is done at a point: a list with a field for every parameter, made from what the server offers.

const names = (actions) => actions.map((action) => action.name).join();

export class Actions {
  // `changed(actions)` gets the new list; the old one is never touched.
  constructor(list, picker, offers, words, changed) {
    Object.assign(this, { list, picker, offers, words, changed });
    this.actions = [];
    picker.replaceChildren(...offers.map((offer) => new Option(offer.label, offer.name)));
  }

  offer(name) {
    return this.offers.find((offer) => offer.name === name) || { name, label: name, parameters: [] };
  }

  add() {
    const offer = this.offer(this.picker.value);
    const parameters = {};
    for (const { name, usual } of offer.parameters) if (usual !== null && usual !== undefined) parameters[name] = usual;
    this.changed([...this.actions, { name: offer.name, parameters }]);
  }

  // Made anew only when other actions are there: the field that somebody is about to fill in must stay.
  show(actions) {
    const same = this.list.children.length === actions.length && names(this.actions) === names(actions);
    this.actions = actions;
    if (!same) {
      this.list.replaceChildren(...actions.map((action, index) => this.line(action, index)));
      return;
    }
    for (const input of this.list.querySelectorAll("[data-path]")) {
      const [, index, name] = /^actions\[(\d+)\]\.parameters\.(.+)$/.exec(input.dataset.path);
      input.value = actions[index].parameters?.[name] ?? "";
    }
  }

  line(action, index) {
    const offer = this.offer(action.name);
    const item = document.createElement("li");
    const head = Object.assign(document.createElement("div"), { className: "fleet-editor__action" });
    head.append(Object.assign(document.createElement("strong"), { textContent: offer.label }));
    if (index) head.append(this.button("↑", this.words.earlier, () => this.swap(index)));
    head.append(this.button("✕", this.words.remove, () => this.changed(this.actions.filter((_each, other) => other !== index))));
    item.append(head);
    const fields = Object.assign(document.createElement("div"), { className: "fleet-editor__grid" });
    for (const parameter of offer.parameters) fields.append(this.field(action, index, parameter));
    if (offer.parameters.length) item.append(fields);
    return item;
  }

  button(text, label, press) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, title: label });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", press);
    return made;
  }

  swap(index) {
    const next = [...this.actions];
    [next[index - 1], next[index]] = [next[index], next[index - 1]];
    this.changed(next);
  }

  field(action, index, parameter) {
    const label = Object.assign(document.createElement("label"), { textContent: `${parameter.label} ` });
    const value = action.parameters?.[parameter.name] ?? "";
    let input;
    if (parameter.choices.length) {
      input = document.createElement("select");
      input.append(...parameter.choices.map(([word, text]) => new Option(text, word, false, word === value)));
    } else {
      input = document.createElement("input");
      if (parameter.text) input.maxLength = 100;
      else Object.assign(input, { type: "number", step: "any", min: parameter.low, max: parameter.high });
      input.value = value;
    }
    input.className = "fleet-input";
    input.dataset.path = `actions[${index}].parameters.${parameter.name}`;
    input.addEventListener("change", (event) => {
      event.stopPropagation();
      const current = this.actions[index];
      const { [parameter.name]: _old, ...rest } = current.parameters || {};
      const given = input.value === "" ? {} : { [parameter.name]: input.type === "number" ? Number(input.value) : input.value };
      this.changed(this.actions.map((each, other) => (other === index ? { ...current, parameters: { ...rest, ...given } } : each)));
    });
    label.append(input);
    return label;
  }
}
