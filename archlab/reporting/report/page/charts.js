// The charts: drawn when they come into view, and again when what they show has changed.
const drawn = new Map();
const isDark = matchMedia("(prefers-color-scheme: dark)");
const inView = new IntersectionObserver((seen) => {
  for (const entry of seen) if (entry.isIntersecting) draw(entry.target);
}, { rootMargin: "200px" });

function makeCharts() {
  for (const chart of DATA.charts) {
    if (chart.name === DATA.first_chart) continue;
    const section = element("section", null, { id: `part-${chart.name}` });
    section.append(element("h2", chart.title), element("p", chart.told, { class: "dim" }));
    section.append(element("div", null, { class: "bar" }), element("div", null, { class: "chart", "data-chart": chart.name }));
    byId("charts").append(section);
  }
  for (const place of document.querySelectorAll(".chart")) inView.observe(place);
  isDark.addEventListener("change", () => drawAll(() => true));
  addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach(draw));
}

function drawAll(isMeant) {
  for (const place of [...drawn.keys()]) if (isMeant(chartOf(place))) { drawn.delete(place); draw(place); }
}

const chartOf = (place) => DATA.charts.find((chart) => chart.name === place.dataset.chart);

function rowsOf(chart) {
  const rows = DATA.datasets[chart.dataset].filter((row) => !chart.of_column || row.column === state.column)
    .filter((row) => !chart.of_chosen || state.chosen.has(row.variant))
    .filter((row) => chart.needs === null || row[chart.needs] !== null);
  if (!chart.of_column && DATA.columns.length < 2) return [];
  if (chart.choice === null) return rows;
  const choices = [...new Set(rows.map((row) => row[chart.choice]))];
  if (!choices.includes(state.choices[chart.name])) state.choices[chart.name] = choices[0];
  return { choices, rows: rows.filter((row) => row[chart.choice] === state.choices[chart.name]) };
}

async function draw(place) {
  if (drawn.has(place)) return;
  const chart = chartOf(place);
  const found = rowsOf(chart);
  const rows = found.rows ?? found;
  drawn.set(place, rows);
  place.replaceChildren();
  if (found.choices) offerChoices(chart, place, found.choices);
  if (!rows.length) {
    place.append(element("p", chart.absent, { class: "absent" }));
    place.dataset.state = "absent";
    return;
  }
  const shown = element("div");
  shown.style.width = "100%";
  place.append(shown);
  const spec = specOf(chart, rows, place);
  await vegaEmbed(shown, spec, { ast: true, actions: false, renderer: "svg", config: theme(chart, place), tooltip: { theme: isDark.matches ? "dark" : "light" } });
  place.append(numbers(rows));
  place.dataset.state = "drawn";
}

function specOf(chart, rows, place) {
  const names = DATA.table.rows.map((row) => row.label).filter((label) => state.chosen.has(label));
  const filled = (key, value) => (Array.isArray(value) && value[0] === "@chosen" ? names : value);
  const spec = JSON.parse(JSON.stringify(chart.spec), filled);
  spec.description = described(chart, rows); // Vega makes it the label of the picture
  if (isNarrow(place)) putNamesAbove(spec, place.clientWidth);
  for (const source of spec.data) if (source.name === chart.dataset) source.values = rows;
  return spec;
}

function offerChoices(chart, place, choices) {
  const bar = place.parentElement.querySelector(".bar");
  bar.replaceChildren();
  if (choices.length < 2) return;
  const select = element("select");
  for (const choice of choices) select.append(element("option", choice, { value: choice }));
  select.value = state.choices[chart.name];
  select.addEventListener("change", () => {
    state.choices[chart.name] = select.value;
    drawAll((other) => other === chart);
  });
  const label = element("label", "Show ");
  label.append(select);
  bar.append(label);
}

function described(chart, rows) {
  return `${chart.title}${columnName(state.column)}. ${chart.told} ${rows.length} rows; the numbers follow as a table.`;
}

function numbers(rows) {
  const made = element("details");
  made.append(element("summary", "The same as numbers"));
  made.addEventListener("toggle", () => {
    if (!made.open || made.children.length > 1) return;
    const names = Object.keys(rows[0]).filter((name) => name !== "rank");
    const told = rows.slice(0, 200).map((row) => names.map((name) => cellText(row[name])));
    const scroll = element("div", null, { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers" });
    scroll.append(tableOf(names, told));
    made.append(scroll);
    if (rows.length > 200) made.append(element("p", `${rows.length - 200} more rows.`, { class: "dim" }));
  });
  return made;
}

function cellText(value) {
  if (Array.isArray(value)) return value.map(cellText).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? number(value, 4) : value;
}

const isNarrow = (place) => place.clientWidth < 600;

// On a narrow page the name of a line stands above it, where it has the whole width.
function putNamesAbove(spec, width) {
  for (const axis of spec.axes) if (axis.orient === "top") Object.assign(axis, { labelAngle: -40, labelAlign: "left" });
  const bands = spec.scales.filter((scale) => scale.type === "band");
  if (bands.length !== 1 || spec.scales.length !== 2) return;
  for (const signal of spec.signals) if (signal.name === "y_step") signal.value = 38;
  for (const axis of spec.axes) {
    if (axis.scale === bands[0].name) Object.assign(axis, { labelAlign: "left", labelPadding: -4, labelOffset: -14, labelLimit: width - 20, ticks: false, domain: false, zindex: 1 });
  }
}

function legendColumns(chart, place) {
  const names = chart.of_chosen ? [...state.chosen] : ["on the front"];
  const longest = Math.min(360, 7 * Math.max(0, ...names.map((name) => name.length)));
  return Math.max(1, Math.min(4, Math.floor((place.clientWidth - 60) / (longest + 40))));
}

function theme(chart, place) {
  const ink = isDark.matches ? "#e6e8eb" : "#1b1f24";
  const line = isDark.matches ? "#3a4149" : "#dde1e6";
  const guide = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500 };
  return {
    background: "transparent", font: "system-ui, sans-serif",
    axis: { ...guide, gridColor: line, domainColor: line, tickColor: line, labelLimit: isNarrow(place) ? 130 : 460 },
    legend: { ...guide, orient: "top", direction: "vertical", columns: legendColumns(chart, place), labelLimit: Math.min(360, place.clientWidth - 90) },
    style: { "guide-label": { fill: ink, font: "system-ui, sans-serif" }, cell: { stroke: "transparent" } },
  };
}
