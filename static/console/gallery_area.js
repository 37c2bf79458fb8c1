// An area for the gallery's filter: a rectangle dragged over a map.
(() => {
  "use strict";

  window.galleryArea = (configuration, use) => {
    const dialog = document.getElementById("gallery-place");
    const field = document.getElementById("gallery-area");
    const button = dialog.querySelector("[data-draw]");
    let map = null;
    let box = null;
    let start = null;

    const bounds = (text) => {
      const [west, south, east, north] = text.split(",").map(Number);
      return L.latLngBounds([south, west], [north, east < west ? east + 360 : east]);
    };

    function make() {
      map = L.map("gallery-map", { minZoom: 1, maxZoom: 20, zoomSnap: 0.5 }).setView([30, 10], 2);
      map.attributionControl.setPrefix("Leaflet");
      window.fleetBaseMap(map, configuration.atlas, configuration.words.noMap);
      if (configuration.tiles) L.tileLayer(configuration.tiles, { attribution: configuration.attribution, maxZoom: 20 }).addTo(map);
      map.on("mousedown", (event) => {
        if (button.getAttribute("aria-pressed") !== "true") return;
        start = event.latlng;
        draw(L.latLngBounds(start, start));
      });
      map.on("mousemove", (event) => start && draw(L.latLngBounds(start, event.latlng)));
      map.on("mouseup", () => {
        if (!start) return;
        start = null;
        drawing(false);
      });
      if (field.value) {
        draw(bounds(field.value));
        map.fitBounds(box.getBounds().pad(0.5));
      }
    }

    function draw(where) {
      box ??= L.rectangle(where, { color: "#1d5fbf", weight: 2, interactive: false }).addTo(map);
      box.setBounds(where);
    }

    function drawing(on) {
      button.setAttribute("aria-pressed", String(on));
      map.dragging[on ? "disable" : "enable"]();
      map.getContainer().style.cursor = on ? "crosshair" : "";
    }

    dialog.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]")) dialog.close();
      else if (event.target.closest("[data-draw]")) drawing(button.getAttribute("aria-pressed") !== "true");
      else if (event.target.closest("[data-clear]")) use("");
      else if (event.target.closest("[data-use]")) {
        const where = box ? box.getBounds() : map.getBounds(); // without a rectangle: all that is to be seen
        use([where.getWest(), Math.max(-90, where.getSouth()), where.getEast(), Math.min(90, where.getNorth())].map((value) => value.toFixed(6)).join(","));
      }
    });
    document.getElementById("gallery-area-open").addEventListener("click", () => {
      dialog.showModal();
      if (!map) make();
      map.invalidateSize({ animate: false });
    });
  };
})();
