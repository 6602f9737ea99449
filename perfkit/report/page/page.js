"use strict";
// Each drawn plan is a page of its own that can reach neither this one nor a network; it is made when it is opened.
const text = (id) => document.getElementById(id).textContent;
const dark = matchMedia("(prefers-color-scheme: dark)");

function frameOf(drawn) {
  const script = (body, attributes = "") => `<script${attributes}>${body}</` + "script>";
  const plan = drawn.querySelector("script.explain").textContent;
  const theme = dark.matches ? "dark" : "light";
  const frame = document.createElement("iframe");
  frame.title = drawn.querySelector("summary").textContent;
  frame.setAttribute("sandbox", "allow-scripts");
  frame.srcdoc =
    `<!doctype html><html lang="en" data-bs-theme="${theme}"><meta charset="utf-8"><title>Plan</title>` +
    `<style>${text("viewer-style")}</style><body><div id="viewer"></div>` +
    script(plan, ' type="application/json" id="explain"') +
    ["viewer-vue", "viewer-pev2", "viewer-start"].map((id) => script(text(id))).join("");
  return frame;
}

for (const drawn of document.querySelectorAll("details.drawn")) {
  drawn.hidden = false;
  drawn.addEventListener("toggle", () => {
    if (drawn.open && !drawn.querySelector("iframe")) drawn.append(frameOf(drawn));
  });
}

// A link to a folded place opens what it is folded in.
function unfold() {
  const id = decodeURIComponent(location.hash.slice(1));
  for (let place = id && document.getElementById(id); place; place = place.parentElement) {
    if (place.tagName === "DETAILS") place.open = true;
  }
}
addEventListener("hashchange", unfold);
unfold();
