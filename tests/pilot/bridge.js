/* A stand-in for djiBridge: remembers every call, returns JSON text as Pilot does, loads modules when told to. */
(function () {
  var options = window.bridgeOptions || {};
  // A web view keeps Pilot's side alive while the page is loaded anew.
  var kept = JSON.parse(sessionStorage.getItem("bridge") || '{"calls": [], "loaded": {}}');
  function keep() { sessionStorage.setItem("bridge", JSON.stringify(kept)); }
  function answer(data, code, message) {
    return JSON.stringify({ code: code || 0, message: message || "", data: data === undefined ? "" : data });
  }
  var replies = {
    platformVerifyLicense: function () { return answer(options.licensed !== false); },
    platformIsVerified: function () { return answer(options.licensed !== false); },
    platformGetRemoteControllerSN: function () { return answer(options.sn || ""); },
    platformGetAircraftSN: function () {
      return options.aircraft ? answer(options.aircraft) : answer("", 100001, "device not connect");
    },
    platformIsComponentLoaded: function (name) { return answer(Boolean(kept.loaded[name])); },
    platformUnloadComponent: function (name) { delete kept.loaded[name]; return answer(true); },
    platformLoadComponent: function (name, parameters) {
      if (options.broken === name) { return answer("", -1, "no such component"); }
      kept.loaded[name] = JSON.parse(parameters);
      var callback = kept.loaded[name].connectCallback;
      if (callback && options.connects !== false) { setTimeout(function () { window[callback](true); }, 10); }
      return answer(true);
    },
    apiGetToken: function () { return answer(kept.token); },
    apiSetToken: function (token) { kept.token = token; return answer(true); },
    thingGetConnectState: function () { return answer(Boolean(kept.loaded.thing)); },
    wsGetConnectState: function () { return answer(Boolean(kept.loaded.ws)); },
  };
  ["platformSetInformation", "platformSetWorkspaceId", "platformStopSelf"].forEach(function (name) {
    replies[name] = function () { return undefined; };
  });
  window.djiBridge = {};
  Object.keys(replies).forEach(function (name) {
    window.djiBridge[name] = function () {
      kept.calls.push([name].concat(Array.prototype.slice.call(arguments)));
      var reply = replies[name].apply(null, arguments);
      keep();
      return reply;
    };
  });
  window.bridgeCalls = function () { return kept.calls; };
})();
