// The page as a whole: the answer, what goes with it, and where all comes from.
function makeAnswer() {
  byId("sweep").textContent = DATA.sweep;
  const runs = new Set(DATA.places.flatMap((place) => place.runs.map((run) => run.id)));
  byId("told").textContent = `${DATA.score_name}; ${DATA.table.rows.length} variants, ${runs.size} runs`;
  byId("legend").textContent = DATA.table.legend.join(". ");
  if (DATA.answers.length > 1) byId("answers").className = "several";
  for (const answer of DATA.answers) {
    const told = element("p", answer.text, { dir: "auto" });
    told.dataset.column = JSON.stringify(answer.column);
    byId("answers").append(told);
  }
  if (DATA.columns.length > 1) {
    for (const column of DATA.columns) byId("columns").append(button(column ?? "without a column", () => show(column), { dir: "auto" }));
  }
  markColumn();
}

function markColumn() {
  [...byId("columns").children].forEach((press, index) => press.setAttribute("aria-pressed", DATA.columns[index] === state.column));
  for (const told of byId("answers").children) told.classList.toggle("current", told.dataset.column === JSON.stringify(state.column));
}

// What the numbers beside the points of the first picture stand for.
function nameNumbers() {
  const rows = DATA.datasets.cells.filter((row) => row.column === state.column && row.number !== null && row.words !== null);
  byId("named").replaceChildren(...rows.map((row) => {
    const told = element("li", null, { value: row.number, dir: "auto" });
    told.append(button(row.variant, () => openVariant(row.variant), { class: "name" }), ` ${row.kind}: ${number(row.mean)}, ${number(row.words, 0)} words/s`);
    return told;
  }));
}

function show(column) {
  state.column = column;
  markColumn();
  nameNumbers();
  drawAll((chart) => chart.of_column);
  showFlips();
}

function makeProblems() {
  if (!DATA.problems.length) return;
  byId("problems").append(element("h3", "What gave no score"));
  for (const problem of DATA.problems) {
    byId("problems").append(element("p", problem.line, { dir: "auto" }));
    if (problem.log.length) byId("problems").append(element("pre", problem.log.join("\n"), { dir: "auto" }));
  }
}

function makeOrigins() {
  const rows = DATA.origins.environments.map((found) => [
    String(found.runs), found.device, found.threads === null ? "" : String(found.threads), found.platform, found.python,
    Object.entries(found.versions).map(([name, version]) => `${name} ${version}`).join(", "),
  ]);
  byId("environments").append(tableOf(["runs", "device", "threads", "platform", "Python", "versions"], rows));
  for (const [command, told] of DATA.origins.commands) {
    const name = element("dt");
    name.append(element("code", command));
    byId("commands").append(name, element("dd", told));
  }
  byId("sweep-file").textContent = DATA.origins.sweep_file ?? "It is not in the store.";
}

function makeContents() {
  for (const title of document.querySelectorAll("main h2")) {
    byId("contents").append(element("a", title.textContent, { href: `#${title.parentElement.id}` }));
  }
}

byId("close").addEventListener("click", () => byId("details").close());
makeAnswer();
nameNumbers();
makeTable();
makeProblems();
makeCharts();
makeFlips();
makeOrigins();
makeContents();
document.documentElement.dataset.ready = "yes";
