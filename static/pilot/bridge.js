/* djiBridge, made reliable: every call answers {code, message, data}, whatever Pilot returns or throws. */
"use strict";

window.fleetBridge = (function () {
  function parse(raw) {
    var value = raw;
    if (typeof raw === "string") {
      try {
        value = JSON.parse(raw);
      } catch (error) {
        return { code: 0, message: "", data: raw };
      }
    }
    if (value !== null && typeof value === "object" && "code" in value) {
      return { code: Number(value.code), message: String(value.message || ""), data: value.data };
    }
    return { code: 0, message: "", data: value };
  }

  return {
    parse: parse,

    present: function () {
      return typeof window.djiBridge === "object" && window.djiBridge !== null;
    },

    has: function (name) {
      return Boolean(window.djiBridge) && typeof window.djiBridge[name] === "function";
    },

    /* A function this Pilot does not have answers code -1 and `missing`. */
    call: function (name) {
      var bridge = window.djiBridge;
      if (!bridge || typeof bridge[name] !== "function") {
        return { code: -1, message: "", data: null, missing: name };
      }
      try {
        return parse(bridge[name].apply(bridge, Array.prototype.slice.call(arguments, 1)));
      } catch (error) {
        return { code: -1, message: String(error), data: null };
      }
    },

    isTrue: function (answer) {
      return answer.code === 0 && (answer.data === true || answer.data === "true" || answer.data === 1);
    },

    /* Pilot keeps what we hang on its object; an odd web view may refuse. */
    listen: function (name, listener) {
      try {
        window.djiBridge[name] = listener;
      } catch (error) {
        /* then Pilot does not tell us, and the page works without */
      }
    },
  };
})();
