// The table of all variants: sorted by its headings, filtered by words, rows marked to be drawn.
const NUMBERS = new Set(["score", "words", "difference"]);
const tableRows = [];
let sorted = { column: -1, falling: false };

function makeTable() {
  const { columns, rows } = DATA.table;
  const head = byId("variants").tHead.insertRow();
  head.append(element("th", "drawn", { scope: "col" }));
  columns.forEach((column, place) => {
    const cell = element("th", null, { scope: "col", dir: "auto", "aria-sort": "none" });
    if (column.is_number) cell.className = "number";
    cell.append(button(column.header, () => sortBy(place)));
    head.append(cell);
  });
  rows.forEach((row, order) => tableRows.push({ ...row, order, shown: makeRow(row, columns) }));
  for (const row of tableRows) row.words = `${row.label} ${row.values.at(-1) ?? ""}`.toLowerCase();
  byId("variants").tBodies[0].append(...tableRows.map((row) => row.shown));
  byId("words").addEventListener("input", filterRows);
  byId("front").addEventListener("change", filterRows);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  filterRows();
}

function makeRow(row, columns) {
  const made = element("tr");
  const mark = element("input", null, { type: "checkbox", "aria-label": `draw ${row.label}` });
  mark.checked = state.chosen.has(row.label);
  mark.addEventListener("change", () => choose(row.label, mark));
  made.insertCell().append(mark);
  row.texts.forEach((told, place) => made.append(makeCell(row, told, columns[place], place)));
  return made;
}

function makeCell(row, told, column, place) {
  if (place === 0) {
    const name = element("th", null, { scope: "row", dir: "auto" });
    name.append(button(told.text, () => openVariant(row.label)));
    if (row.front) name.append(" ", element("span", "front", { class: "mark", title: "on the Pareto front" }));
    return name;
  }
  const cell = element("td", told.text, { class: column.is_number ? "number" : "text" });
  if (told.best) cell.classList.add("best");
  if (told.aside) cell.append(" ", element("span", told.aside, { class: "aside" }));
  return cell;
}

function choose(label, mark) {
  if (mark.checked && state.chosen.size >= DATA.most_chosen) {
    mark.checked = false;
    byId("shown").textContent = `${DATA.most_chosen} rows are drawn at most: unmark one first.`;
    return;
  }
  if (mark.checked) state.chosen.add(label);
  else state.chosen.delete(label);
  drawAll((chart) => chart.of_chosen);
}

function sortBy(place) {
  const starts = NUMBERS.has(DATA.table.columns[place].name);
  sorted = { column: place, falling: sorted.column === place ? !sorted.falling : starts };
  const sign = sorted.falling ? -1 : 1;
  tableRows.sort((one, other) => {
    const [a, b] = [one.values[place], other.values[place]];
    if (a === b) return one.order - other.order;
    if (a === null || b === null) return a === null ? 1 : -1;
    return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  });
  const body = byId("variants").tBodies[0];
  body.remove(); // rows of a table that is not shown are moved faster
  body.append(...tableRows.map((row) => row.shown));
  byId("variants").append(body);
  [...byId("variants").tHead.rows[0].cells].slice(1).forEach((cell, index) => {
    cell.setAttribute("aria-sort", index !== place ? "none" : sorted.falling ? "descending" : "ascending");
  });
}

function filterRows() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyFront = byId("front").checked;
  let shown = 0;
  for (const row of tableRows) {
    const fits = (!onlyFront || row.front) && words.every((word) => row.words.includes(word));
    row.shown.hidden = !fits;
    shown += fits;
  }
  byId("shown").textContent = `${shown} of ${tableRows.length} rows`;
}
