// A variant opened: its runs with their logs, and how its config differs from the base's.
function openVariant(row) {
  byId("details-title").textContent = row;
  byId("details-body").replaceChildren(...placesOf(row).flatMap(toldOfPlace));
  byId("details").showModal();
}

function toldOfPlace(place) {
  const told = [];
  if (place.column !== null) told.push(element("h3", place.column, { dir: "auto" }));
  if (place.rejected !== null) told.push(element("p", `Not trained: ${place.rejected}`, { dir: "auto" }));
  if (place.difference !== null) told.push(differenceOf(place.difference));
  return [...told, ...place.runs.map(toldOfRun)];
}

function differenceOf(lines) {
  const made = element("details");
  made.append(element("summary", "How its config differs from the base's"));
  const shown = element("pre", null, { dir: "auto" });
  for (const line of lines) {
    const kind = line.startsWith("+") || line.startsWith("added") ? "plus" : line.startsWith("-") || line.startsWith("removed") ? "minus" : "same";
    shown.append(element("span", `${line}\n`, { class: kind }));
  }
  made.append(shown);
  made.open = true;
  return made;
}

function toldOfRun(run) {
  const made = element("details", null, { class: "run", "data-run": run.id });
  const score = typeof run.score === "number" ? `, ${number(run.score, 4)}` : "";
  const seed = run.seed === undefined ? "" : `seed ${run.seed}: `;
  made.append(element("summary", `${seed}${run.status}${score}`, { dir: "auto" }));
  const facts = [["run", run.id], ["why", run.reason], ["best step", run.best_step], ["steps", run.steps], ["seconds", run.seconds], ["attempt", run.attempt], ["started", run.started]];
  const list = element("dl");
  for (const [name, value] of facts) {
    if (value !== null && value !== undefined) list.append(element("dt", name, { class: "dim" }), element("dd", String(value), { dir: "auto" }));
  }
  made.append(list);
  if (DATA.origins.run_command) made.append(element("p", "Repeat it with spaCy alone:", { class: "dim" }), element("pre", DATA.origins.run_command.replace("{run}", run.id)));
  if (run.log.length) {
    made.append(element("p", `The last ${run.log.length} lines of its log; all of it: archlab logs ${run.id}`, { class: "dim" }));
    made.append(element("pre", run.log.join("\n"), { dir: "auto", class: "log" }));
  } else made.append(element("p", "It has no log.", { class: "dim" }));
  made.open = run.status !== "done";
  return made;
}
