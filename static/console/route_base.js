// What the page of a route and the editor share: a map, measures, words for numbers.
export const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const COLOURS = ["#7c3aed", "#0f766e", "#b45309", "#be185d", "#1d4ed8", "#4d7c0f"];

// Names of the theme's symbols.
const GLYPHS = {
  takePhoto: "photo_camera",
  startRecord: "videocam",
  stopRecord: "videocam_off",
  panoShot: "panorama_photosphere",
  hover: "hourglass_empty",
  gimbalRotate: "screen_rotation_up",
  gimbalEvenlyRotate: "screen_rotation_up",
  rotateYaw: "explore",
  zoom: "zoom_in",
  focus: "center_focus_strong",
  searchlight: "flashlight_on",
  recordPointCloud: "grain",
  customDirName: "create_new_folder",
  orientedShoot: "center_focus_strong",
  accurateShoot: "center_focus_strong",
};
export const glyph = (name) => GLYPHS[name] || "bolt";

export function makeMap(place, settings, options = {}) {
  const map = L.map(place, { renderer: L.canvas({ tolerance: 6, padding: 0.3 }), maxZoom: 21, ...options }).setView([20, 0], 2);
  map.attributionControl.setPrefix("");
  window.fleetBaseMap(map, settings.atlas, settings.words.noMap);
  if (settings.tiles) L.tileLayer(settings.tiles, { attribution: settings.attribution, maxZoom: 21 }).addTo(map);
  return map;
}

// The map's box gets its size late; fit what is drawn as soon as there is room.
export function fitOnce(map, bounds, otherwise) {
  let fitted = false;
  new ResizeObserver(() => {
    map.invalidateSize({ animate: false });
    if (fitted || !map.getContainer().clientWidth) return;
    fitted = true;
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.15), { maxZoom: 18, animate: false });
    else if (otherwise) map.setView(otherwise, 16, { animate: false });
  }).observe(map.getContainer());
}

export function metres(from, to) {
  const rad = Math.PI / 180;
  const half = Math.sin(((to[0] - from[0]) * rad) / 2) ** 2 + Math.cos(from[0] * rad) * Math.cos(to[0] * rad) * Math.sin(((to[1] - from[1]) * rad) / 2) ** 2;
  return 2 * 6371000 * Math.asin(Math.min(1, Math.sqrt(half)));
}

export const lengthText = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} km` : `${Math.round(value || 0)} m`);

export function timeText(seconds) {
  const whole = Math.round(seconds || 0);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

export const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");
