/* Asking the server, and what this remote keeps between two visits of the page. */
"use strict";

(function (pilot) {
  var texts = pilot.texts;
  var KEPT = "fleet.pilot.";
  var session = pilot.session = {
    token: kept("token"), workspaceId: kept("workspace_id"), userId: kept("user_id"), username: kept("username"),
    sn: "", renewAt: 0,
  };

  function kept(name) { return localStorage.getItem(KEPT + name) || ""; }

  function Refused(message, code) { this.message = message; this.code = code; }
  function Unreachable(message) { this.message = message; }
  function Over() { this.message = texts.sessionOver; }

  async function ask(method, path, body) {
    var headers = { "Accept": "application/json", "Accept-Language": document.documentElement.lang };
    if (session.token) { headers["x-auth-token"] = session.token; }
    if (body) { headers["Content-Type"] = "application/json"; }
    var response;
    try {
      response = await fetch("/manage/api/v1/" + path, {
        method: method, headers: headers, body: body ? JSON.stringify(body) : undefined,
        cache: "no-store", credentials: "omit", keepalive: path === "logout",
      });
    } catch (error) {
      throw new Unreachable(texts.offline);
    }
    if (response.status === 401) { throw new Over(); }
    var answer;
    try {
      answer = await response.json();
    } catch (error) {
      throw new Unreachable(texts.badAnswer);
    }
    if (response.status >= 500) { throw new Unreachable(answer.message || texts.badAnswer); }
    if (answer.code !== 0) { throw new Refused(answer.message || texts.badAnswer, answer.code); }
    return answer.data;
  }

  /* The token's second half is left for a page that is closed, for then nobody renews it. */
  function renewIn(seconds) { session.renewAt = Date.now() + seconds * 500; }

  pilot.server = {
    ask: ask, Refused: Refused, Unreachable: Unreachable, Over: Over, renewIn: renewIn,
    NO_WORKSPACE: 1003,

    keepToken: function (token) {
      session.token = token;
      localStorage.setItem(KEPT + "token", token);
    },

    /* For this visit only: until a workspace is chosen, the next one begins with the login. */
    holdToken: function (token) { session.token = token; },

    keepPerson: function (person) {
      session.workspaceId = person.workspace_id;
      session.userId = person.user_id;
      session.username = person.username;
      ["workspace_id", "user_id", "username"].forEach(function (name) {
        localStorage.setItem(KEPT + name, person[name]);
      });
    },

    /* The login is over, the person and what Pilot runs for them are not. */
    dropToken: function () {
      session.token = "";
      session.renewAt = 0;
      localStorage.removeItem(KEPT + "token");
    },

    forget: function () {
      session.token = session.workspaceId = session.userId = session.username = "";
      session.renewAt = 0;
      Object.keys(localStorage).forEach(function (key) {
        if (key.indexOf(KEPT) === 0) { localStorage.removeItem(key); }
      });
    },

    note: function (name, value) { localStorage.setItem(KEPT + name, value); },
    noted: kept,
  };
})(window.fleetPilot);
