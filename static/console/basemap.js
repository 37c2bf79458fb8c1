// The world without internet: countries of Natural Earth (npm world-atlas), and a grid so that movement shows at any zoom.
(() => {
  "use strict";

  // A ring that crosses the antimeridian jumps by 360 degrees; walk on instead, and close a ring around a pole at the pole.
  function unwrap(ring) {
    const out = [];
    let shift = 0;
    ring.forEach((point, index) => {
      if (index) {
        const step = point[0] - ring[index - 1][0];
        if (step > 180) shift -= 360;
        else if (step < -180) shift += 360;
      }
      out.push([point[0] + shift, point[1]]);
    });
    const first = out[0];
    const last = out[out.length - 1];
    if (Math.abs(last[0] - first[0]) > 180) {
      const pole = first[1] < 0 ? -90 : 90;
      out.push([last[0], pole], [first[0], pole], [first[0], first[1]]);
    }
    return out;
  }

  function shifted(feature, by) {
    const move = (ring) => ring.map(([x, y]) => [x + by, y]);
    return { ...feature, geometry: { ...feature.geometry, coordinates: feature.geometry.coordinates.map((polygon) => polygon.map(move)) } };
  }

  function countries(topology) {
    const found = [];
    for (const feature of topojson.feature(topology, topology.objects.countries).features) {
      if (!feature.geometry) continue;
      const polygons = feature.geometry.type === "Polygon" ? [feature.geometry.coordinates] : feature.geometry.coordinates;
      const whole = { type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates: polygons.map((rings) => rings.map(unwrap)) } };
      found.push(whole);
      const longitudes = whole.geometry.coordinates.flat(2).map(([x]) => x);
      if (Math.max(...longitudes.slice(0, 50000)) > 180) found.push(shifted(whole, -360));
      if (Math.min(...longitudes.slice(0, 50000)) < -180) found.push(shifted(whole, 360));
    }
    return found;
  }

  function colours() {
    const style = getComputedStyle(document.getElementById("fleet-map"));
    return { land: style.getPropertyValue("--land").trim(), border: style.getPropertyValue("--border").trim(), grid: style.getPropertyValue("--grid").trim() };
  }

  // Meridians and parallels at a distance that suits the zoom.
  const Grid = L.LayerGroup.extend({
    onAdd(map) {
      L.LayerGroup.prototype.onAdd.call(this, map);
      map.on("moveend", this.redraw, this);
      this.redraw();
    },
    onRemove(map) {
      map.off("moveend", this.redraw, this);
      L.LayerGroup.prototype.onRemove.call(this, map);
    },
    redraw() {
      if (!this._map) return;
      this.clearLayers();
      const bounds = this._map.getBounds().pad(0.3);
      const wide = bounds.getEast() - bounds.getWest();
      const step = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].find((size) => wide / size > 8) || 0.0005;
      const options = { color: colours().grid, weight: 1, interactive: false, renderer: this.options.renderer };
      for (let x = Math.ceil(bounds.getWest() / step) * step; x < bounds.getEast(); x += step)
        this.addLayer(L.polyline([[Math.max(-85, bounds.getSouth()), x], [Math.min(85, bounds.getNorth()), x]], options));
      for (let y = Math.ceil(Math.max(-85, bounds.getSouth()) / step) * step; y < Math.min(85, bounds.getNorth()); y += step)
        this.addLayer(L.polyline([[y, bounds.getWest()], [y, bounds.getEast()]], options));
    },
  });

  window.fleetBaseMap = async function (map, address, explain) {
    const renderer = L.canvas({ pane: "tilePane", padding: 0.4 });
    const layer = L.layerGroup().addTo(map);
    const grid = new Grid([], { renderer });
    const land = L.geoJSON(null, { interactive: false, renderer, style: () => ({ fillColor: colours().land, color: colours().border, weight: 1, fillOpacity: 1 }) });
    layer.addLayer(land).addLayer(grid);
    new MutationObserver(() => {
      land.setStyle({ fillColor: colours().land, color: colours().border });
      grid.redraw();
    }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(String(answer.status));
      countries(await answer.json()).forEach((feature) => land.addData(feature));
    } catch (error) {
      console.warn(explain, error);
      map.attributionControl.addAttribution(explain);
    }
    return layer;
  };
})();
