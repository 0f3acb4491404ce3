const field = (name) => document.getElementById(name);
const claims = field("claims");
const rows = [...claims.children];
const text = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
const lists = ["verdict", "paper", "family"];
const buttons = [...document.querySelectorAll(".tally button")];

function show() {
  const words = field("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const found = words.every((word) => text.get(row).includes(word))
      && lists.every((name) => !field(name).value
        || row.dataset[name].split("|").includes(field(name).value));
    row.hidden = !found;
    count += found;
  }
  for (const button of buttons) {
    button.setAttribute("aria-pressed", String(button.value === field("verdict").value));
  }
  field("shown").textContent = count ? `${count} of ${rows.length} claims` : "no claim: show all?";
}

function sort() {
  const by = field("order").value;
  const key = (row) => row.dataset[by === "verdict" ? "order" : by] ?? "";
  claims.append(...rows.sort((a, b) =>
    key(a).localeCompare(key(b), "en", { numeric: true }) || a.id.localeCompare(b.id, "en")));
}

function all() {
  field("words").value = "";
  for (const name of lists) field(name).value = "";
  show();
}

function open() {
  const row = field(decodeURIComponent(location.hash.slice(1)));
  if (!(row instanceof HTMLDetailsElement)) return;
  if (row.hidden) all();
  row.open = true;
  row.scrollIntoView();
  row.querySelector("summary").focus({ preventScroll: true });
}

function chooseByButton(button) {
  field("verdict").value = field("verdict").value === button.value ? "" : button.value;
  show();
}

// Without a font for mathematics browsers leave subscripts on the line.
function lowerSubscripts() {
  const probe = document.querySelector("math msub");
  if (!probe) return;
  const [base, script] = [...probe.children].map((part) => part.getBoundingClientRect());
  const lowered = script.bottom > base.bottom + 1 || script.top > base.top + base.height / 2;
  document.documentElement.classList.toggle("no-math-font", !lowered);
}

field("words").addEventListener("input", show);
for (const name of lists) field(name).addEventListener("change", show);
field("order").addEventListener("change", sort);
for (const button of buttons) button.addEventListener("click", () => chooseByButton(button));
field("all").addEventListener("click", all);
field("unfold").addEventListener("click", () => {
  const shown = rows.filter((row) => !row.hidden);
  const closed = shown.some((row) => !row.open);
  for (const row of shown) row.open = closed;
});
field("filter").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", open);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) open();
});
show();
open();
lowerSubscripts();
