// How the live map draws a dock, a remote and an aircraft. Text is always set as text, never as markup.
window.fleetIcons = (() => {
  "use strict";
  const AIRCRAFT = 0;
  const REMOTE = 2;
  const DOCK = 3;

  // Parts of the icons, seen from above with the nose up: [class, path].
  const SHAPES = {
    [AIRCRAFT]: [
      ["rotor", "M6.5 5a4.5 4.5 0 1 0 .01 0Z M25.5 5a4.5 4.5 0 1 0 .01 0Z M5.5 19.5a4.5 4.5 0 1 0 .01 0Z M26.5 19.5a4.5 4.5 0 1 0 .01 0Z"],
      ["fill", "M16 1 L25.5 28 L16 22.5 L6.5 28 Z"],
    ],
    [REMOTE]: [
      ["arms", "M9 10 V4.5 M23 10 V4.5"],
      ["fill", "M6 9h20a4 4 0 0 1 4 4v8a4 4 0 0 1-4 4H6a4 4 0 0 1-4-4v-8a4 4 0 0 1 4-4Z"],
      ["ink", "M10.5 12.5h11v9h-11Z M4.3 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0Z M23.7 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0Z"],
    ],
    [DOCK]: [
      ["fill", "M8 3h16a5 5 0 0 1 5 5v16a5 5 0 0 1-5 5H8a5 5 0 0 1-5-5V8a5 5 0 0 1 5-5Z"],
      ["ink", "M10.5 9.5h3v5h5v-5h3v13h-3v-5h-5v5h-3Z"],
    ],
  };

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function write(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  function vector(tag, attributes, parent) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent?.append(made);
    return made;
  }

  function icon(domain) {
    const svg = vector("svg", { viewBox: "0 0 32 32", "aria-hidden": "true", class: "fleet-icon" });
    for (const [name, d] of SHAPES[domain] || SHAPES[REMOTE]) vector("path", { d, class: "fleet-icon__" + name }, svg);
    return svg;
  }

  function marker(device) {
    const holder = element("div", "fleet-marker");
    holder.dataset.sn = device.sn;
    holder.dataset.domain = device.domain;
    const turning = element("span", "fleet-marker__icon");
    turning.append(icon(device.domain));
    const label = element("span", "fleet-marker__label", device.name);
    holder.append(turning, label);
    let pointer = null;
    if (device.domain === REMOTE) {
      pointer = element("span", "fleet-marker__pointer");
      vector("path", { d: "M20 0 L25 8 H15 Z" }, vector("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" }, pointer));
      holder.prepend(pointer);
    }
    const picture = L.divIcon({ html: holder, className: "fleet-marker-holder", iconSize: [36, 36] });
    // The list is the keyboard's way to a device: a tab stop for each of a thousand markers would be none.
    const made = L.marker([0, 0], { icon: picture, keyboard: false });
    return Object.assign(made, { holder, turning, pointer, label, width: 0, angle: 0 });
  }

  // Many devices at once: the same shape, small, on one canvas. A thousand elements would be too much to move.
  const outlines = Object.fromEntries(Object.entries(SHAPES).map(([domain, parts]) => [domain, new Path2D(parts.filter(([name]) => name === "fill").map(([, d]) => d).join(" "))]));
  const Dot = L.CircleMarker.extend({
    _updatePath() {
      const context = this._renderer._drawing && this._renderer._ctx;
      if (!context || this._empty()) return;
      const { domain, heading, fillColor, color } = this.options;
      context.save();
      context.translate(this._point.x, this._point.y);
      if (domain === AIRCRAFT) context.rotate(((heading || 0) * Math.PI) / 180);
      context.scale(0.5, 0.5);
      context.translate(-16, -16);
      Object.assign(context, { fillStyle: fillColor, strokeStyle: color, lineWidth: 3, lineJoin: "round" });
      const outline = outlines[domain] || outlines[REMOTE];
      context.stroke(outline);
      context.fill(outline);
      context.restore();
    },
  });

  function dot(device, renderer) {
    return new Dot([0, 0], { renderer, radius: 9, domain: device.domain });
  }

  // A remote stays upright and has a pointer; an aircraft is the pointer. The shorter way round, also past north.
  function turn(made, heading) {
    made.angle += ((((heading - made.angle) % 360) + 540) % 360) - 180;
    const part = made.pointer || made.turning;
    part.style.transform = "rotate(" + Math.round(made.angle) + "deg)";
    part.dataset.known = "yes";
  }

  // --- Numbers in words ---
  function measure(value, unit, digits = 0) {
    return value === undefined || value === null ? "–" : Number(value).toFixed(digits) + (unit === "°" ? "" : " ") + unit;
  }

  function span(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    if (seconds < 120) return seconds + " s";
    const minutes = Math.round(seconds / 60);
    if (minutes < 120) return minutes + " min";
    return minutes < 2880 ? Math.round(minutes / 60) + " h" : Math.round(minutes / 1440) + " d";
  }

  // Which names fit, above their marker or below it: `marks` are [key, marker, weight]. A name that would lie on
  // another name or on a marker is left out; what weighs most is named first.
  function nameWhatFits(map, marks) {
    marks.filter(([, made]) => !made.width).forEach(([, made]) => (made.width = made.label.offsetWidth));
    const taken = [];
    const free = (a) => !taken.some((b) => a.key !== b.key && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom);
    const placed = marks.map(([key, made, weight]) => ({ key, made, weight, at: map.latLngToLayerPoint(made.getLatLng()) }));
    for (const { key, at } of placed) taken.push({ key, left: at.x - 9, right: at.x + 9, top: at.y - 9, bottom: at.y + 9 });
    placed.sort((a, b) => b.weight - a.weight);
    for (const { key, made, at } of placed) {
      const box = (above) => ({ key, above, left: at.x - made.width / 2, right: at.x + made.width / 2, top: above ? at.y - 36 : at.y + 19, bottom: above ? at.y - 19 : at.y + 36 });
      const first = made.holder.dataset.domain === String(AIRCRAFT);
      const found = [box(first), box(!first)].find(free);
      made.label.classList.toggle("is-left-out", !found);
      if (!found) continue;
      made.label.classList.toggle("is-above", found.above);
      taken.push(found);
    }
  }

  return { AIRCRAFT, REMOTE, DOCK, element, write, measure, span, icon, marker, dot, turn, nameWhatFits };
})();
