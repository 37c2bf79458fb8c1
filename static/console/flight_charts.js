// Height, speed and battery over time, drawn by uPlot; a needle shows the moment of the replay.
window.flightCharts = (holder, words, seek) => {
  "use strict";
  const HEIGHT = 130;
  let charts = [];
  let marks = [];

  const colour = (name) => getComputedStyle(holder).getPropertyValue(name).trim();

  function clock(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    const two = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    return (hours ? hours + ":" + two(Math.floor(whole / 60) % 60) : String(Math.floor(whole / 60))) + ":" + two(whole % 60);
  }

  function options(unit, stroke, width, range) {
    const axis = { stroke: () => colour("--muted"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, sync: { key: "flight" }, points: { show: false }, y: false },
      scales: { x: { time: false }, y: { range } },
      axes: [
        { ...axis, values: (_chart, splits) => splits.map(clock), size: 26 },
        { ...axis, size: 62, values: (_chart, splits) => splits.map((value) => value + " " + unit) },
      ],
      series: [{}, { stroke: () => colour(stroke), width: 1.5, spanGaps: true, points: { show: false } }],
    };
  }

  const roomy = (_chart, low, high) => (low === null ? [0, 1] : [Math.min(0, Math.floor(low)), Math.max(high * 1.08, low + 1)]);
  const kinds = (track) => [
    track.has("elevation") ? ["elevation", words.elevation, "m", "--busy", roomy] : ["height", words.height, "m", "--busy", (_chart, low, high) => (low === null ? [0, 1] : [low - 2, high + 2])],
    ["speed", words.speed, "m/s", "--good", roomy],
    ["battery", words.battery, "%", "--unsure", () => [0, 100]],
  ];

  const width = () => Math.max(240, holder.clientWidth - 24);

  function draw(track) {
    const wanted = kinds(track).filter(([name]) => track.has(name));
    const same = wanted.length === charts.length && wanted.every(([name], index) => charts[index].name === name);
    if (!same) build(track, wanted);
    else charts.forEach((chart) => chart.plot.setData([track.time, track[chart.name]]));
    mark(marks);
  }

  function build(track, wanted) {
    charts.forEach((chart) => chart.plot.destroy());
    holder.replaceChildren();
    charts = wanted.map(([name, title, unit, stroke, range]) => {
      const place = document.createElement("div");
      place.className = "fleet-flight__chart";
      place.dataset.chart = name;
      const head = document.createElement("h3");
      head.textContent = title;
      place.append(head);
      holder.append(place);
      const plot = new uPlot(options(unit, stroke, width(), range), [track.time, track[name]], place);
      const needle = document.createElement("div");
      needle.className = "fleet-flight__needle";
      plot.over.append(needle);
      plot.over.addEventListener("click", (event) => {
        const box = plot.over.getBoundingClientRect();
        seek(plot.posToVal(event.clientX - box.left, "x"));
      });
      return { name, plot, needle };
    });
  }

  function move(moment) {
    for (const { plot, needle } of charts) needle.style.transform = "translateX(" + Math.round(plot.valToPos(moment, "x")) + "px)";
  }

  // Alarms: [{at: s, tone, text}]
  function mark(wanted) {
    marks = wanted;
    for (const { plot } of charts) {
      plot.over.querySelectorAll(".fleet-flight__mark").forEach((old) => old.remove());
      for (const { at, tone, text } of marks) {
        const line = document.createElement("div");
        line.className = "fleet-flight__mark";
        line.dataset.tone = tone;
        line.title = text;
        line.style.transform = "translateX(" + Math.round(plot.valToPos(at, "x")) + "px)";
        plot.over.append(line);
      }
    }
  }

  let moved = () => {};
  new ResizeObserver(() => {
    charts.forEach(({ plot }) => plot.width !== width() && plot.setSize({ width: width(), height: HEIGHT }));
    mark(marks);
    moved();
  }).observe(holder);
  new MutationObserver(() => charts.forEach(({ plot }) => plot.redraw())).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

  return { draw, move, mark, clock, onMoved: (tell) => (moved = tell) };
};
