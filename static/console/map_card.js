// The live map's card: the selected device's numbers, with units. Built once for a device, then only rewritten, so that
// focus and selected text stay where they are.
window.fleetCard = (place, map) => {
  "use strict";
  const { words, doing, age, gatewayOf, close, toggleFollow } = map;
  const { AIRCRAFT, REMOTE, DOCK, element, icon, write, measure } = window.fleetIcons;
  const kinds = { [AIRCRAFT]: words.aircraft, [REMOTE]: words.remote, [DOCK]: words.dock };
  let shown = null;
  let parts = {};

  // [key, label, value]; what a kind of device never says has no line.
  function lines(device) {
    const { summary } = device;
    const found = [
      ["battery", words.battery, measure(summary.battery, "%")],
      ["position", words.position, summary.lat === undefined ? words.noPosition : summary.lat.toFixed(6) + ", " + summary.lon.toFixed(6)],
      ["seen", words.lastSeen, age(device)],
    ];
    if (device.domain === AIRCRAFT)
      found.splice(
        1,
        0,
        ["elevation", words.elevation, measure(summary.elevation, "m", 1)],
        ["height", words.height, measure(summary.height, "m", 1)],
        ["speed", words.speed, measure(summary.speed, "m/s", 1)],
        ["climb", words.climb, measure(summary.climb, "m/s", 1)],
        ["heading", words.heading, measure(summary.heading, "°")],
        ["home", words.home, measure(summary.home_distance, "m")],
      );
    return found;
  }

  function build(device) {
    parts = { name: element("h2"), kind: element("p", "fleet-card__kind"), state: element("p", "fleet-card__state"), list: element("dl"), values: {} };
    const head = element("div", "fleet-card__head");
    const title = element("div", "fleet-card__title");
    title.append(parts.name, parts.kind);
    const shut = element("button", "fleet-card__close", "×");
    shut.type = "button";
    shut.setAttribute("aria-label", words.close);
    shut.addEventListener("click", close);
    head.append(icon(device.domain), title, shut);
    for (const [key, label] of lines(device)) {
      parts.values[key] = element("dd");
      parts.list.append(element("dt", "", label), parts.values[key]);
    }
    parts.through = element("p", "fleet-card__kind");
    const actions = element("p", "fleet-card__actions");
    const link = element("a", "fleet-map__button fleet-map__button--main", words.open);
    link.href = device.url;
    parts.follow = element("button", "fleet-map__button");
    parts.follow.type = "button";
    parts.follow.addEventListener("click", toggleFollow);
    actions.append(link, parts.follow);
    place.replaceChildren(head, parts.state, parts.list, parts.through, actions);
  }

  return (device, following) => {
    if (place.hidden === Boolean(device)) place.hidden = !device;
    if (!device) {
      shown = null;
      return;
    }
    if (shown !== device.id) build(device);
    shown = device.id;
    if (place.dataset.state !== device.now) place.dataset.state = device.now;
    write(parts.name, device.name);
    write(parts.kind, [kinds[device.domain], device.model, device.sn].filter(Boolean).join(" · "));
    write(parts.state, doing(device));
    for (const [key, , value] of lines(device)) write(parts.values[key], value);
    const gateway = gatewayOf(device);
    parts.through.hidden = !gateway;
    if (gateway) write(parts.through, words.gateway + " " + gateway.name);
    write(parts.follow, following ? words.unfollow : words.follow);
    parts.follow.setAttribute("aria-pressed", String(following));
  };
};
