// The charts of the overview: jobs per second from what app.js polls, and the history from the table beside it.
"use strict";

const SECONDS = 300; // that are shown
const DAY = 86400;
const MOST_POINTS = 150; // five minutes, at one every other second
const MOST_APART = 30; // seconds; after more the tab was away, and the mean says little

function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function faded(rgb) {
  return rgb.replace(/^rgb\((.*)\)$/, "rgba($1, 0.14)");
}

function chart(id, data, time, { window, paths, ...options }) {
  const place = document.getElementById(id);
  const faint = colour("--faint"), line = colour("--line");
  const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const series = (label, name) => {
    const stroke = colour(name);
    return { label, stroke, fill: faded(stroke), width: 2, points: { show: false }, paths, value: (_, value, __, at) => at == null ? "–" : (value ?? 0).toLocaleString("en") };
  };
  const plot = new uPlot({
    width: place.clientWidth, height: place.clientHeight - 34,
    cursor: { y: false, points: { size: 7 } },
    scales: { x: { range: window }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => time(_, tick)), space: 90 }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) }],
    series: [{ label: "", value: time }, series("Processed", "--accent"), series("Failed", "--bad")],
    ...options,
  }, data, place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight - 34 })).observe(place);
  return plot;
}

// -- History

const rows = [...document.querySelectorAll("#history-data tbody tr")];
const history_ = [
  rows.map((row) => Date.parse(row.dataset.day) / 1000),
  rows.map((row) => Number(row.dataset.processed) || null), // a bar of no height would be a line
  rows.map((row) => Number(row.dataset.failed) || null),
];
const day = (_, at) => (at == null ? "" : new Date(at * 1000).toISOString().slice(0, 10));

// -- Jobs per second: kept for as long as the tab is open, so that it is there when one comes back

let rates = [[], [], []];
try {
  rates = JSON.parse(sessionStorage.getItem("verk_rates")) || rates;
} catch { /* of an older version */ }
let last;
const clock = (_, at) => (at == null ? "" : new Date(at * 1000).toLocaleTimeString("en", { hour12: false }));

document.addEventListener("verk:stats", ({ detail: stats }) => {
  const seconds = last && stats.at - last.at;
  if (seconds > 0 && seconds < MOST_APART) {
    const rate = (name) => Math.round((10 * Math.max(0, stats[name] - last[name])) / seconds) / 10;
    for (const [at, value] of [stats.at, rate("processed"), rate("failed")].entries()) {
      rates[at].push(value);
      if (rates[at].length > MOST_POINTS) rates[at].shift();
    }
    sessionStorage.setItem("verk_rates", JSON.stringify(rates));
    plots[0].setData(rates);
  }
  last = stats;
});

// -- Both, again where the colours change

let plots = [];

function draw() {
  for (const plot of plots) plot.destroy();
  plots = [
    chart("rate", rates, clock, { window: (_, first, latest) => [latest - SECONDS, latest] }),
    chart("history", history_, day, {
      window: (_, first, today) => [first - DAY / 2, today + DAY / 2],
      paths: uPlot.paths.bars({ size: [0.7, 36] }),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    }),
  ];
}

document.addEventListener("verk:theme", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
