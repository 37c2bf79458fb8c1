// A flight's page: fetches the track, replays it on map and charts, and follows it while it is in the air.
(() => {
  "use strict";
  const REDRAW = 900; // ms between two drawings of the whole track while it flies
  const root = document.getElementById("fleet-flight");
  const place = document.getElementById("flight-configuration");
  if (!root || !place) return;
  const configuration = JSON.parse(place.textContent);
  const { words } = configuration;
  const find = (id) => document.getElementById("flight-" + id);
  const slider = find("slider");
  const button = find("play");
  const rate = find("rate");
  const colour = find("colour");
  const map = window.flightMap(configuration);
  const charts = window.flightCharts(find("charts"), words, (moment) => seek(moment));
  const time = new Intl.DateTimeFormat(document.documentElement.lang || "en", { timeZone: configuration.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

  let track = new window.flightTrack.Track({ at: 0 });
  let flying = false;
  let now = 0; // s since the first point
  let playing = false;
  let following = false; // in the air: stay at the newest point
  let frame = 0;
  let drawn = 0;
  let asked = 0;
  let waiting = 0;

  function say(list) {
    const holder = find("now");
    while (holder.children.length > list.length) holder.lastChild.remove();
    list.forEach(([label, text], index) => {
      if (!holder.children[index]) {
        const entry = document.createElement("div");
        entry.append(document.createElement("dt"), document.createElement("dd"));
        holder.append(entry);
      }
      const [term, value] = holder.children[index].children;
      if (term.textContent !== label) term.textContent = label;
      if (value.textContent !== text) value.textContent = text;
    });
  }

  function show() {
    if (!track.length) return;
    const state = track.when(now);
    map.move(state);
    charts.move(now);
    if (Number(slider.value) !== now) slider.value = String(now);
    const clock = time.format(new Date(track.at + now * 1000));
    slider.setAttribute("aria-valuetext", clock);
    find("clock").textContent = charts.clock(now) + " · " + clock;
    const known = (value) => value !== null && value !== undefined;
    const number = (value, digits) => value.toFixed(digits);
    say(
      [
        known(state.elevation) && [words.elevation, number(state.elevation, 1) + " m"],
        known(state.height) && [words.height, number(state.height, 1) + " m"],
        known(state.speed) && [words.speed, number(state.speed, 1) + " m/s"],
        known(state.battery) && [words.battery, number(state.battery, 0) + " %"],
        known(state.heading) && [words.heading, number(((state.heading % 360) + 360) % 360, 0) + "°"],
      ].filter(Boolean),
    );
  }

  function seek(moment) {
    now = Math.min(track.end, Math.max(0, moment));
    following = flying && now >= track.end - 0.5;
    show();
  }

  function play(wanted) {
    if (wanted && now >= track.end) now = 0;
    playing = wanted && track.end > 0;
    if (playing) following = false;
    button.textContent = playing ? words.pause : words.play;
    button.setAttribute("aria-pressed", String(playing));
    cancelAnimationFrame(frame);
    if (!playing) return;
    let last = performance.now();
    const step = (moment) => {
      now = Math.min(track.end, now + (Math.max(0, moment - last) / 1000) * Number(rate.value));
      last = moment;
      show();
      if (now >= track.end) play(false);
      else if (playing) frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
  }

  function column() {
    return colour.value === "speed" ? "speed" : track.has("elevation") ? "elevation" : "height";
  }

  function draw() {
    drawn = Date.now();
    const lost = Boolean(root.querySelector("#live-summary .fleet-note[data-tone=unsure]"));
    const range = map.draw(track, column(), flying ? "" : lost ? "lost" : "landed");
    charts.draw(track);
    find("legend").hidden = !range;
    if (range) {
      const unit = colour.value === "speed" ? " m/s" : " m";
      const digits = colour.value === "speed" ? 1 : 0;
      find("low").textContent = range[0].toFixed(digits) + unit;
      find("high").textContent = range[1].toFixed(digits) + unit;
    }
    slider.max = String(track.end);
    slider.disabled = button.disabled = track.end <= 0;
    find("none").hidden = track.length > 0 || flying;
    marks();
    show();
  }

  // Alarms stand in the list that the server keeps up to date; the charts read them from there.
  function marks() {
    const found = [...root.querySelectorAll("#live-alarms [data-mark]")].map((entry) => ({
      at: Math.min(track.end, Math.max(0, Number(entry.dataset.at) - track.at / 1000)),
      tone: entry.dataset.tone,
      text: entry.dataset.mark,
    }));
    charts.mark(track.length ? found : []);
  }

  async function load() {
    asked += 1;
    const mine = asked;
    try {
      const answer = await fetch(configuration.track, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (mine !== asked) return;
      const first = !track.length;
      const before = track;
      flying = data.flying;
      track = new window.flightTrack.Track(data);
      if (flying) track.follow(before);
      find("failed").hidden = true;
      if ((first && flying) || (flying && following)) now = track.end;
      following = flying && now >= track.end - 0.5;
      now = Math.min(now, track.end);
      root.dataset.flying = String(flying);
      root.dataset.final = String(data.final);
      draw();
    } catch (error) {
      console.warn(error);
      find("failed").textContent = words.failed;
      find("failed").hidden = false;
    }
  }

  function take(point) {
    if (!flying || !track.add(point)) return;
    if (following) now = track.end;
    show();
    clearTimeout(waiting);
    waiting = setTimeout(draw, Math.max(0, drawn + REDRAW - Date.now()));
  }

  root.addEventListener("fleet-frame", ({ detail }) => {
    if (detail.kind === "point") take(detail);
    else if (detail.kind === "track") load();
  });
  new MutationObserver(marks).observe(document.getElementById("live-alarms"), { childList: true, subtree: true });
  charts.onMoved(show);
  button.addEventListener("click", () => play(!playing));
  slider.addEventListener("input", () => seek(Number(slider.value)));
  colour.addEventListener("change", draw);
  root.addEventListener("click", (event) => {
    const jump = event.target.closest(".fleet-flight__jump");
    if (!jump || !track.length) return;
    seek(Number(jump.dataset.at) - track.at / 1000);
    find("stage").scrollIntoView({ block: "start" });
  });

  function faster(step) {
    rate.selectedIndex = Math.min(rate.options.length - 1, Math.max(0, rate.selectedIndex + step));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !track.length) return;
    const own = event.target === slider; // the arrows on it are ours too, everything else that takes keys keeps them
    if (!own && event.target.closest("input, select, textarea, button, a, [contenteditable], summary")) return;
    const far = event.shiftKey ? 30 : 5;
    const acts = {
      " ": () => play(!playing),
      ArrowLeft: () => seek(now - far),
      ArrowRight: () => seek(now + far),
      Home: () => seek(0),
      End: () => seek(track.end),
      "+": () => faster(1),
      "-": () => faster(-1),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  load();
})();
