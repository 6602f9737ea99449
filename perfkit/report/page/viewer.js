"use strict";
const shown = JSON.parse(document.getElementById("explain").textContent);
Vue.createApp(pev2.Plan, { planSource: JSON.stringify(shown.plan), planQuery: shown.query }).mount("#viewer");
