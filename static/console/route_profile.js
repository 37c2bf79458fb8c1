// Heights along the way, in step with the map: pointing at one shows the same place on the other.
import { fill, lengthText, metres } from "./route_base.js";

const WIDTH = 1000;
const HEIGHT = 160;

export class Profile {
  // `choose(index, pressed)` is called for the point that is pointed at.
  constructor(svg, readout, words, choose) {
    this.svg = svg;
    this.readout = readout;
    this.words = words;
    this.spots = [];
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return this.nearest(((event.clientX - box.left) / box.width) * WIDTH);
    };
    svg.addEventListener("pointermove", (event) => this.spots.length && choose(at(event), false));
    svg.addEventListener("pointerdown", (event) => this.spots.length && choose(at(event), true));
  }

  // Spots are [x, y, metres along, height or null], x rising.
  nearest(x) {
    let low = 0;
    let high = this.spots.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.spots[middle][0] < x) low = middle;
      else high = middle;
    }
    return x - this.spots[low][0] < this.spots[high][0] - x ? low : high;
  }

  show(index, number) {
    const spot = this.spots[index];
    for (const end of ["x1", "x2"]) this.part("cursor").setAttribute(end, spot ? spot[0] : -10);
    this.readout.textContent = spot ? fill(this.words.readout, { point: number ?? index + 1, along: lengthText(spot[2]), height: spot[3] === null ? "—" : Math.round(spot[3] * 10) / 10 }) : "";
  }

  // `places` are [latitude, longitude, height].
  draw(places) {
    let along = 0;
    const ways = places.map((place, index) => (along += index ? metres(places[index - 1], place) : 0));
    const heights = places.map((place) => place[2] || 0);
    const floor = Math.min(0, ...heights);
    const extent = Math.max(1, Math.max(0, ...heights) - floor);
    const y = (height) => HEIGHT - 8 - ((height - floor) / extent) * (HEIGHT - 16);
    this.spots = places.map((place, index) => [along ? (ways[index] / along) * WIDTH : 0, y(heights[index]), ways[index], place[2] ?? null]);
    const path = this.spots.map(([x, top]) => `${x.toFixed(1)},${top.toFixed(1)}`).join(" L");
    const drawn = this.spots.length > 1;
    this.part("area").setAttribute("d", drawn ? `M${path} L${WIDTH},${y(0)} L0,${y(0)} Z` : "");
    this.part("line").setAttribute("d", drawn ? `M${path}` : "");
    for (const end of ["y1", "y2"]) this.part("ground").setAttribute(end, y(0));
  }

  part(name) {
    return this.svg.querySelector(`[data-part=${name}]`);
  }
}
