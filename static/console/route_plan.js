// Between the form and the plan that the server understands.

// Form field by the plan's name; where both have one name, the name.
const WAYPOINTS = ["drone_model_key", "payload_model_key", "speed", "height_mode", "geoid_height", "heading_mode", "turn_mode"];
const SURVEY = { camera: "camera", height: "survey_height", height_mode: "survey_height_mode", overlap_front: "overlap_front", overlap_side: "overlap_side", angle: "angle", margin: "margin", speed: "survey_speed" };
const SHARED = ["take_off_security_height", "rth_height", "global_transitional_speed", "finish_action", "fly_to_wayline_mode"];
const POINT = { latitude: "point_latitude", longitude: "point_longitude", height: "point_height", speed: "point_speed", heading: "point_heading", gimbal_pitch: "point_gimbal", turn_mode: "point_turn" };

const number = (field) => (field.value.trim() === "" ? null : Number(field.value));
const valueOf = (field) => (field.type === "number" ? number(field) : field.value);

function put(field, value) {
  if (field.tagName === "SELECT" && value && ![...field.options].some((option) => option.value === value)) field.append(new Option(value, value));
  field.value = value ?? "";
}

// The form as a plan; `kept` is what the opened plan holds beyond it.
export function planOf(form, kind, points, kept) {
  const fields = form.elements;
  const plan = { ...kept, kind, name: fields.name.value };
  for (const name of SHARED) plan[name] = valueOf(fields[name]);
  const lost = fields.lost.value;
  plan.exit_on_rc_lost = lost === "goContinue" ? "goContinue" : "executeLostAction";
  if (lost !== "goContinue") plan.rc_lost_action = lost;
  if (kind === "survey") {
    for (const [name, field] of Object.entries(SURVEY)) plan[name] = valueOf(fields[field]);
    plan.polygon = points.map((point) => [point.latitude, point.longitude]);
    // The aircraft and the payload follow from the camera, unless the opened plan said more of the same one.
    if (plan.camera !== kept.camera) for (const name of ["drone_model_key", "payload_model_key", "image_format", "payload_parameters"]) delete plan[name];
    return plan;
  }
  for (const name of WAYPOINTS) plan[name] = valueOf(fields[name]);
  if (plan.height_mode !== "WGS84") plan.geoid_height = null;
  if (plan.payload_model_key !== kept.payload_model_key) for (const name of ["image_format", "payload_parameters"]) delete plan[name];
  return { ...plan, points };
}

// An opened plan into the form; returns the points and what the form has no field for.
export function open(form, plan) {
  const fields = form.elements;
  const { kind, name: _name, points, polygon, ...kept } = plan;
  const survey = kind === "survey";
  for (const name of SHARED) if (name in kept) put(fields[name], kept[name]);
  put(fields.lost, kept.exit_on_rc_lost === "goContinue" ? "goContinue" : kept.rc_lost_action);
  if (survey) for (const [name, field] of Object.entries(SURVEY)) put(fields[field], kept[name]);
  else for (const name of WAYPOINTS) put(fields[name], kept[name]);
  const corners = (polygon || []).map(([latitude, longitude]) => ({ latitude, longitude, height: 0, actions: [] }));
  return { points: survey ? corners : points, kept };
}

export function showPoint(form, point) {
  for (const [name, field] of Object.entries(POINT)) put(form.elements[field], point[name]);
}

// What a field of the point's panel changes: [name, value], or null for another field.
export function pointChange(field) {
  const name = Object.keys(POINT).find((each) => POINT[each] === field.name);
  return name ? [name, valueOf(field)] : null;
}

// Where the server's complaint belongs: the point's index (or -1) and the field, null when there is none for it.
export function placeOf(form, path, kind) {
  const found = /^points\[(\d+)\]\.?(.*)$/.exec(path || "");
  if (found) return { point: Number(found[1]), field: form.elements[POINT[found[2]]] || null, path: found[2] };
  const name = { exit_on_rc_lost: "lost", rc_lost_action: "lost" }[path] || (kind === "survey" && SURVEY[path]) || path;
  return { point: -1, field: (name && form.elements[name]) || null, path: "" };
}
