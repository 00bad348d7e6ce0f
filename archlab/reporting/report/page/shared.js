// What all parts of the page use. Text of others is only ever set as textContent: it is never markup.
const DATA = JSON.parse(document.getElementById("data").textContent);
const state = { column: DATA.columns[0], chosen: new Set(DATA.chosen), choices: {} };
const byId = (id) => document.getElementById(id);

function element(tag, text = null, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== null) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function number(value, digits = 3) {
  return typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: digits }) : "";
}

function button(text, onPress, attributes = {}) {
  const made = element("button", text, { type: "button", ...attributes });
  made.addEventListener("click", onPress);
  return made;
}

function tableOf(headers, rows) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const header of headers) head.append(element("th", header, { scope: "col" }));
  const body = table.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) row.append(element("td", cell, { dir: "auto" }));
  }
  return table;
}

const columnName = (column) => (column === null ? "" : ` [${column}]`);
const placesOf = (row) => DATA.places.filter((place) => place.row === row);
