// What every page has: live counts and parts, confirmation, selection, keys. Nothing here is needed to read a page.
//
// Live: /api/v1/stats is polled while the tab is seen, and told to `[data-stat]` and, as the event "verk:stats", to
// charts. After it each element with `data-live` and an id is brought up to date from the page's own address, by morph:
// what is ticked, focused or scrolled in it stays. It rests while a dialog is open or something in it is ticked.
"use strict";

const POLL_MS = 2000;
const root = document.body.dataset.root;
const numbers = new Intl.NumberFormat("en");
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// -- Live

const liveSwitch = document.querySelector("[data-live-switch]");
let live = sessionStorage.getItem("verk_live") !== "off";
let timer;

async function poll() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    const response = await fetch(`${root}/api/v1/stats`, { headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(response.statusText);
    show(await response.json());
    document.body.classList.remove("offline");
    if (live) await Promise.all($$("[data-live]").filter(isAtRest).map(refresh));
  } catch {
    document.body.classList.add("offline");
  }
  if (live) timer = setTimeout(poll, Number(document.body.dataset.poll) || POLL_MS);
}

function show(stats) {
  for (const element of $$("[data-stat]")) element.textContent = numbers.format(stats[element.dataset.stat]);
  showTimes(stats.at);
  document.dispatchEvent(new CustomEvent("verk:stats", { detail: stats }));
}

function isAtRest(element) {
  return !document.querySelector("dialog[open]") && !element.querySelector("input:checked");
}

// A part that came while something was ticked, or a question was asked, is not shown: what is meant would move away.
document.addEventListener("htmx:before:swap", (event) => {
  const target = event.detail.ctx.target;
  if (target?.matches?.("[data-live]") && !isAtRest(target)) event.preventDefault();
});

async function refresh(element) {
  const source = `#${element.id}`;
  await htmx.ajax("GET", location.href, { target: source, select: source, swap: "outerMorph" });
  for (const form of $$("form:has([data-all])")) showSelection(form);
}

function showTimes(now) {
  for (const element of $$("time[data-at]")) element.textContent = ago(Number(element.dataset.at), now);
}

function ago(at, now) {
  const seconds = Math.abs(now - at);
  if (seconds < 1) return "now";
  const [size, unit] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([size]) => seconds >= size);
  const count = numbers.format(Math.floor(seconds / size));
  return at < now ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

function setLive(on) {
  live = on;
  sessionStorage.setItem("verk_live", on ? "on" : "off");
  liveSwitch.setAttribute("aria-pressed", String(on));
  poll();
}

liveSwitch.addEventListener("click", () => setLive(!live));
document.addEventListener("visibilitychange", poll);
setLive(live);

// -- Colours

const themeSwitch = document.querySelector("[data-theme-switch]");
const THEMES = ["", "light", "dark"];

function showTheme() {
  const theme = document.documentElement.dataset.theme || "auto";
  themeSwitch.textContent = theme[0].toUpperCase() + theme.slice(1);
}

themeSwitch.addEventListener("click", () => {
  const now = document.documentElement.dataset.theme || "";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("verk_theme", next);
  showTheme();
  document.dispatchEvent(new Event("verk:theme"));
});
showTheme();

// -- Confirmation: a form, or the button that was pressed, has `data-confirm`

const confirmation = document.getElementById("confirm");

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const question = submitter?.dataset.confirm || form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  document.getElementById("confirm-question").textContent = question;
  confirmation.returnValue = "no";
  confirmation.showModal();
  confirmation.addEventListener("close", () => {
    if (confirmation.returnValue !== "yes") return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter);
  }, { once: true });
});

// -- Selection: `[data-all]` in a form ticks all, and `[data-selected]` is what can be done with those that are

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (!form || event.target.type !== "checkbox") return;
  const boxes = $$("input[type=checkbox]:not([data-all])", form);
  if (event.target.matches("[data-all]")) for (const box of boxes) box.checked = event.target.checked;
  showSelection(form);
});

function showSelection(form) {
  const boxes = $$("input[type=checkbox]:not([data-all])", form);
  const within = form.closest("section") || form;
  const ticked = boxes.filter((box) => box.checked).length;
  for (const all of $$("[data-all]", form)) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  for (const button of $$("[data-selected]", within)) button.disabled = ticked === 0;
  for (const count of $$("[data-selected-count]", within)) count.textContent = numbers.format(ticked);
}

for (const form of $$("form:has([data-all])")) showSelection(form);

// -- Filters: what is left empty is not in the address, so that it is short enough to be kept

document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// -- Menu, dialogs, copies

document.addEventListener("click", (event) => {
  const menu = event.target.closest(".menu");
  if (menu) menu.setAttribute("aria-expanded", String(menu.closest(".side").classList.toggle("open")));
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  const copier = event.target.closest("[data-copy]");
  if (copier) navigator.clipboard.writeText(document.getElementById(copier.dataset.copy).textContent);
});

// -- Keys

let isGoing = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (isGoing) document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
  else if (event.key === "/") document.querySelector("[data-filter]")?.focus();
  else if (event.key === "l") liveSwitch.click();
  else if (event.key === "c") themeSwitch.click();
  else if (event.key === "?") document.querySelector("[data-open=keys]").click();
  if (event.key === "/" && document.activeElement.matches("[data-filter]")) event.preventDefault();
  isGoing = event.key === "g" && !isGoing;
});
