"use strict";
// pev2 asks a store of settings that a page without an origin has none of; what it keeps ends with the page.
const kept = new Map();
Object.defineProperty(window, "localStorage", {
  value: {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  },
});
const shown = JSON.parse(document.getElementById("explain").textContent);
Vue.createApp(pev2.Plan, { planSource: JSON.stringify(shown.plan), planQuery: shown.query }).mount("#viewer");
