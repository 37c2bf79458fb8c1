/* A stand-in for djiBridge that behaves like the remote, for tests only.
 *
 * As Pilot's own object: answers are JSON text; callbacks are named, and looked up on `window` when they are called;
 * a call with the wrong number or kind of arguments finds no method; nothing works before the licence is verified; a
 * module is refused while what it needs is not loaded; what uses `api` is stale once `api` is loaded anew. Pilot's
 * side lives on while the page is loaded again. `window.bridgeOptions` says what this remote is like.
 */
(function () {
  var options = window.bridgeOptions || {};
  var NOT_CONNECTED = 100001;
  var NEEDS = {
    api: [], thing: [], liveshare: [], ws: [], map: ["api", "thing", "ws"], tsa: ["api", "thing", "ws"],
    mission: ["api", "thing", "ws"], media: ["thing", "workspace"],
  };
  var USES_API = ["map", "mission", "tsa"];
  var REQUIRED = {
    api: ["host", "token"], thing: ["host", "connectCallback", "username", "password"],
    ws: ["host", "token", "connectCallback"], liveshare: ["videoPublishType", "statusCallback"],
    map: ["userName", "elementPreName"],
  };
  var MODES = ["video-on-demand", "video-by-manual", "video-demand-aux-manual"];
  var FRESH = {
    calls: [], loaded: {}, stale: [], verified: false, workspace: "", token: "", wsToken: "", information: [],
    media: { AutoUploadPhoto: false, AutoUploadVideo: false, UploadPhotoType: 0, DownloadOwner: 0 },
    live: { mode: "", type: 0, params: "{}", status: 0 }, logKey: "", mop: false, stopped: false,
  };
  var kept = JSON.parse(sessionStorage.getItem("bridge") || "null") || FRESH;

  function keep() { sessionStorage.setItem("bridge", JSON.stringify(kept)); }

  function answer(data, code, message) {
    return JSON.stringify({ code: code || 0, message: message || "", data: data === undefined ? "" : data });
  }

  function refuse(message, code) { return answer("", code || -1, message); }

  function tell(callback, state) {
    setTimeout(function () { if (typeof window[callback] === "function") { window[callback](state); } }, 10);
  }

  //: with `realSocket` the ws module is a WebSocket to the server under test; what it gets is kept
  var socket = null;
  window.bridgeFrames = [];

  function openSocket(host, token, callback) {
    if (!options.realSocket) {
      if (options.connects !== false) { tell(callback, true); }
      return;
    }
    if (socket) { socket.onclose = null; socket.close(); }
    socket = new WebSocket(host + "?x-auth-token=" + encodeURIComponent(token));
    socket.onopen = function () { tell(callback, true); };
    socket.onclose = function (event) { window.bridgeClosed = event.code; tell(callback, false); };
    socket.onmessage = function (event) { window.bridgeFrames.push(JSON.parse(event.data)); };
  }

  function needsMissing(name) {
    return NEEDS[name].filter(function (other) { return other === "workspace" ? !kept.workspace : !kept.loaded[other]; });
  }

  function load(name, text) {
    if (!(name in NEEDS)) { return refuse("unknown component " + name); }
    if ((options.broken || []).indexOf(name) >= 0) { return refuse("no such component"); }
    var missing = needsMissing(name);
    if (missing.length) { return refuse(name + " needs " + missing.join(", ")); }
    var given;
    try { given = JSON.parse(text); } catch (error) { return refuse("param is no json"); }
    var absent = (REQUIRED[name] || []).filter(function (field) { return typeof given[field] !== "string"; });
    if (absent.length) { return refuse("param lacks " + absent.join(", ")); }
    if (name === "thing" && !/^(tcp|ssl|ws|wss):\/\//.test(given.host)) { return refuse("host needs tcp:// or ws://"); }
    if (name === "liveshare" && MODES.indexOf(given.videoPublishType) < 0) { return refuse("unknown publish type"); }
    if (name === "api") {
      USES_API.forEach(function (user) { if (kept.loaded[user] && kept.stale.indexOf(user) < 0) { kept.stale.push(user); } });
      kept.token = given.token;
    }
    kept.stale = kept.stale.filter(function (user) { return user !== name; });
    kept.loaded[name] = given;
    if (name === "ws") {
      kept.wsToken = given.token;
      openSocket(given.host, given.token, given.connectCallback);
    }
    if (name === "liveshare") { kept.live.mode = given.videoPublishType; }
    if (name === "media") {
      kept.media.AutoUploadPhoto = Boolean(given.autoUploadPhoto);
      kept.media.AutoUploadVideo = Boolean(given.autoUploadVideo);
      kept.media.UploadPhotoType = given.autoUploadPhotoType || 0;
    }
    if (name === "thing" && options.connects !== false && !options.unheard) { tell(given.connectCallback, true); }
    return answer(true);
  }

  function unload(name) {
    delete kept.loaded[name];
    kept.stale = kept.stale.filter(function (user) { return user !== name; });
    return answer(true);
  }

  function of(module, reply) {
    return function () { return kept.loaded[module] ? reply.apply(null, arguments) : refuse(module + " is not loaded"); };
  }

  function setLive(type, text) {
    if ([1, 2, 3, 4].indexOf(type) < 0) { return refuse("unknown live type"); }
    kept.live.type = type;
    kept.live.params = text;
    return answer(true);
  }

  function startLive() {
    if (!kept.live.type) { return refuse("live is not configured"); }
    kept.live.status = 2;
    tell(kept.loaded.liveshare.statusCallback, JSON.stringify(liveStatus()));
    return answer(true);
  }

  function liveStatus() {
    return { type: kept.live.type, status: kept.live.status, fps: 30, videoBitRate: 2400, rtt: 42, quality: 4, jitter: 3, dropRate: 0 };
  }

  var connected = function (module) {
    return function () { return answer(Boolean(kept.loaded[module]) && options.connects !== false); };
  };
  //: name → [the kinds of its arguments, what it answers]
  var replies = {
    platformVerifyLicense: [["string", "string", "string"], function () {
      kept.verified = options.licensed !== false;
      return answer(kept.verified);
    }],
    platformIsVerified: [[], function () { return answer(kept.verified); }],
    platformSetWorkspaceId: [["string"], function (id) {
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) { return refuse("no uuid"); }
      kept.workspace = id;
      return answer(true);
    }],
    platformSetInformation: [["string", "string", "string"], function () {
      kept.information = Array.prototype.slice.call(arguments);
      return undefined;
    }],
    platformGetRemoteControllerSN: [[], function () { return answer(options.sn || ""); }],
    platformGetAircraftSN: [[], function () {
      return options.aircraft ? answer(options.aircraft) : refuse("device not connect", NOT_CONNECTED);
    }],
    platformStopSelf: [[], function () { kept.stopped = true; return undefined; }],
    platformLoadComponent: [["string", "string"], load],
    platformUnloadComponent: [["string"], unload],
    platformIsComponentLoaded: [["string"], function (name) { return answer(Boolean(kept.loaded[name])); }],
    platformIsAppInstalled: [["string"], function (name) { return answer((options.apps || []).indexOf(name) >= 0); }],
    platformGetVersion: [[], function () { return answer({ modelVersion: "RC Plus 2", appVersion: "10.1.2.3" }); }],
    platformGetLogPath: [[], function () { return answer("/storage/emulated/0/DJI/pilot2/LOG/open_platform"); }],
    platformSetLogEncryptKey: [["string"], function (key) { kept.logKey = key; return answer(true); }],
    platformClearLogEncryptKey: [[], function () { kept.logKey = ""; return answer(true); }],
    apiGetToken: [[], of("api", function () { return answer(kept.token); })],
    apiSetToken: [["string"], of("api", function (token) { kept.token = token; return answer(true); })],
    apiGetHost: [[], of("api", function () { return answer(kept.loaded.api.host); })],
    thingGetConnectState: [[], connected("thing")],
    thingGetConfigs: [[], of("thing", function () { return answer(JSON.stringify(kept.loaded.thing)); })],
    wsGetConnectState: [[], function () {
      return options.realSocket ? answer(Boolean(socket) && socket.readyState === 1) : connected("ws")();
    }],
    wsConnect: [["string", "string", "string"], of("ws", function (host, token, callback) {
      kept.wsToken = token;
      openSocket(host, token, callback);
      return answer(true);
    })],
    wsDisconnect: [[], of("ws", function () { kept.wsToken = ""; return answer(true); })],
    liveshareSetVideoPublishType: [["string"], of("liveshare", function (mode) {
      if (MODES.indexOf(mode) < 0) { return refuse("unknown publish type"); }
      kept.live.mode = mode;
      return answer(true);
    })],
    liveshareGetConfig: [[], of("liveshare", function () {
      return answer(JSON.stringify({ type: kept.live.type, params: kept.live.params }));
    })],
    liveshareSetConfig: [["number", "string"], of("liveshare", setLive)],
    liveshareGetStatus: [[], of("liveshare", function () { return answer(JSON.stringify(liveStatus())); })],
    liveshareStartLive: [[], of("liveshare", startLive)],
    liveshareStopLive: [[], of("liveshare", function () { kept.live.status = 0; return answer(true); })],
  };
  Object.keys(FRESH.media).forEach(function (name) {
    var kind = name.indexOf("Auto") === 0 ? "boolean" : "number";
    replies["mediaGet" + name] = [[], of("media", function () { return answer(kept.media[name]); })];
    replies["mediaSet" + name] = [[kind], of("media", function (value) { kept.media[name] = value; return answer(true); })];
  });
  if (options.mop) {
    replies.startMopCloud = [[], function () { kept.mop = true; return answer(true); }];
    replies.stopMopCloud = [[], function () { kept.mop = false; return answer(true); }];
  }

  var LICENCE_FREE = ["platformVerifyLicense", "platformIsVerified"];
  var bridge = window.djiBridge = {};
  Object.keys(replies).forEach(function (name) {
    if ((options.without || []).indexOf(name) >= 0) { return; }
    bridge[name] = function () {
      if (this !== bridge) { throw new Error("Java bridge method can't be invoked on a non-injected object"); }
      var given = Array.prototype.slice.call(arguments);
      var kinds = given.map(function (value) { return typeof value; }).join();
      if (kinds !== replies[name][0].join()) { throw new Error("Method not found: " + name + "(" + kinds + ")"); }
      kept.calls.push([name].concat(given));
      var unverified = !kept.verified && LICENCE_FREE.indexOf(name) < 0;
      var reply = unverified ? refuse("license not verified") : replies[name][1].apply(null, given);
      keep();
      return reply;
    };
  });
  window.bridgeCalls = function () { return kept.calls; };
  window.bridgeKept = function () { return kept; };
  window.bridgeDrop = function (name) { delete kept.loaded[name]; keep(); };
})();
