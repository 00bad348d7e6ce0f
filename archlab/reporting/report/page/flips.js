// Documents that one of two variants gets right in most seeds, and the other does not.
const MOST_FLIPS = 25;

function makeFlips() {
  const rows = DATA.table.rows.map((row) => row.label);
  for (const id of ["a", "b"]) {
    for (const row of rows) byId(id).append(element("option", row, { value: row, dir: "auto" }));
    byId(id).addEventListener("change", showFlips);
  }
  const [a, b] = DATA.chosen.length > 1 ? DATA.chosen : rows;
  byId("a").value = a ?? "";
  byId("b").value = b ?? a ?? "";
  showFlips();
}

function showFlips() {
  const [a, b] = [byId("a").value, byId("b").value];
  const documents = DATA.documents.find((found) => found.column === state.column);
  const place = byId("flips");
  place.replaceChildren();
  const say = (text) => place.append(element("p", text, { dir: "auto" }));
  if (!documents || documents.why) return say(`Which documents flipped is not known. ${documents ? documents.why : ""}.`);
  if (a === b) return say("Choose two that differ.");
  const [runsA, runsB] = pairedRuns(a, b, documents);
  if (!runsA.length) return say("They have no finished seed in common.");
  const count = (runs, index) => runs.reduce((sum, bits) => sum + ((bits[index >> 3] >> (7 - (index & 7))) & 1), 0);
  const flips = documents.numbers.map((number, index) => ({ index, number, a: count(runsA, index), b: count(runsB, index) }));
  const half = runsA.length / 2;
  const forA = flips.filter((flip) => flip.a > half && flip.b < half).sort((x, y) => y.a - y.b - (x.a - x.b) || x.number - y.number);
  const forB = flips.filter((flip) => flip.b > half && flip.a < half).sort((x, y) => y.b - y.a - (x.b - x.a) || x.number - y.number);
  place.append(...toldFlips("A", "B", forA, "a", documents, runsA.length), ...toldFlips("B", "A", forB, "b", documents, runsA.length));
  if (documents.left_out) say(`The last ${documents.left_out} documents on which runs differ are left out of this page: archlab compare A B knows them.`);
  if (documents.without_text) say(`Their text is not shown. ${documents.without_text}.`);
  return null;
}

function pairedRuns(a, b, documents) {
  const bitsOf = (row) => {
    const place = DATA.places.find((found) => found.row === row && found.column === state.column);
    const runs = (place ? place.runs : []).filter((run) => run.id in documents.runs);
    return new Map(runs.map((run) => [run.seed, documents.runs[run.id]]));
  };
  const [ofA, ofB] = [bitsOf(a), bitsOf(b)];
  const seeds = [...ofA.keys()].filter((seed) => ofB.has(seed));
  const unpacked = (bits) => Uint8Array.from(atob(bits), (letter) => letter.charCodeAt(0));
  return [seeds.map((seed) => unpacked(ofA.get(seed))), seeds.map((seed) => unpacked(ofB.get(seed)))];
}

function toldFlips(name, other, flips, side, documents, seeds) {
  const more = flips.length > MOST_FLIPS ? `, ${MOST_FLIPS} shown` : "";
  const title = element("h3", `${name} gets right and ${other} does not${seeds > 1 ? ", in most seeds" : ""}: ${flips.length} of ${documents.documents}${more}`);
  if (!flips.length) return [title];
  const rows = flips.slice(0, MOST_FLIPS).map((flip) => {
    const text = documents.texts?.[flip.index] ?? "";
    return [String(flip.number), `${flip[side]} of ${seeds}`, text];
  });
  const scroll = element("div", null, { class: "scroll", tabindex: "0", role: "region", "aria-label": title.textContent });
  scroll.append(tableOf(["document", "seeds", "text"], rows));
  return [title, scroll];
}
