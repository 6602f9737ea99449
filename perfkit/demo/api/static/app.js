// The directory's page: a search box that waits until one stops typing, and the coming events.
const WAIT_MS = 200;

const people = document.querySelector("#people");
const events = document.querySelector("#events");
const box = document.querySelector("#name");

async function get(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error.message);
  }
  return answer;
}

// Names are text, never markup.
function line(text, detail) {
  const item = document.createElement("li");
  const small = document.createElement("small");
  item.append(`${text} `, small);
  small.textContent = detail;
  return item;
}

async function search() {
  const prefix = box.value.trim();
  if (!prefix) {
    people.replaceChildren();
    return;
  }
  try {
    const found = await get(`/api/search?q=${encodeURIComponent(prefix)}`);
    people.replaceChildren(
      ...found.people.map((each) => line(`${each.given_name} ${each.family_name}`, `${each.school} ${each.grad_year}`)),
    );
  } catch (error) {
    people.replaceChildren(line(error.message, ""));
  }
}

async function showEvents() {
  const found = await get("/api/events");
  events.replaceChildren(...found.events.map((each) => line(each.title, new Date(each.starts_at).toLocaleDateString())));
}

let timer;
box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, WAIT_MS);
});
document.querySelector("#search").addEventListener("submit", (event) => event.preventDefault());
showEvents();
