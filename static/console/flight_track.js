// A flight's track as columns: where it was, and how, at any moment between two points.
window.flightTrack = (() => {
  "use strict";
  const SAID = ["height", "elevation", "speed", "heading", "battery"];

  class Track {
    constructor(data) {
      this.at = data.at; // ms since 1970 to which `time` (s) counts
      for (const name of ["time", "latitude", "longitude", ...SAID]) this[name] = data[name] || [];
    }

    get length() {
      return this.time.length;
    }

    get end() {
      return this.length ? this.time[this.length - 1] : 0;
    }

    has(name) {
      return this[name].some((value) => value !== null && value !== undefined);
    }

    // Takes a point of a flight in the air; false when it is older than what is known.
    add(point) {
      const moment = (point.time - this.at) / 1000;
      if (!this.length) this.at = point.time;
      else if (moment <= this.end) return false;
      this.time.push(this.length ? moment : 0);
      this.latitude.push(point.latitude);
      const before = this.longitude[this.longitude.length - 1];
      // On over the antimeridian, never back around the earth.
      this.longitude.push(before === undefined ? point.longitude : point.longitude + 360 * Math.round((before - point.longitude) / 360));
      for (const name of SAID) this[name].push(point[name] ?? null);
      return true;
    }

    // Takes over what an earlier track knew after this one's end: points that came live before they were stored.
    follow(earlier) {
      for (let index = 0; index < earlier.length; index += 1) {
        const point = { time: earlier.at + earlier.time[index] * 1000 };
        for (const name of ["latitude", "longitude", ...SAID]) point[name] = earlier[name][index];
        this.add(point);
      }
    }

    // The last point that is not later than `moment`.
    place(moment) {
      let low = 0;
      let high = this.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.time[middle] <= moment) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    // Everything at a moment, in between by straight lines; the heading turns the shorter way.
    when(moment) {
      const first = this.place(moment);
      const second = Math.min(first + 1, this.length - 1);
      const span = this.time[second] - this.time[first];
      const share = span > 0 ? Math.min(1, Math.max(0, (moment - this.time[first]) / span)) : 0;
      const found = {};
      for (const name of ["latitude", "longitude", "height", "elevation", "speed", "battery"]) {
        const [a, b] = [this[name][first], this[name][second]];
        found[name] = a === null || a === undefined ? b : b === null || b === undefined ? a : a + share * (b - a);
      }
      found.heading = this.heading[first] ?? this.course(first, second);
      const next = this.heading[second];
      if (next !== null && next !== undefined && found.heading !== null) found.heading += share * (((next - found.heading + 540) % 360) - 180);
      return found;
    }

    // Where it went, when it does not say where it looked.
    course(first, second) {
      const north = this.latitude[second] - this.latitude[first];
      const east = (this.longitude[second] - this.longitude[first]) * Math.cos((this.latitude[first] * Math.PI) / 180);
      return north || east ? (Math.atan2(east, north) * 180) / Math.PI : null;
    }
  }

  return { Track };
})();
