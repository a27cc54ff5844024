const NOTICED = ['Killed', 'Timeout'];
const ALIVE = { Survived: 'no spec fails', NoCoverage: 'no spec runs it' };
/** Of each text, so that a mutant stays on one line, and of what it has in common with the other before they differ. */
const LONGEST = 60;
const SHARED = 20;

/** Prints the mutants that live, where each is and what it changes, and how many were noticed in each folder. */
export function showSummary({ files, thresholds }) {
  const folders = new Map();
  for (const [path, { source, mutants }] of Object.entries(files).sort()) {
    const folder = path.split('/').slice(0, 2).join('/');
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder).push(...mutants);
    for (const { status, location, replacement } of mutants) {
      if (!(status in ALIVE)) continue;
      const place = `${path}:${location.start.line}:${location.start.column}`;
      const [before, after] = apart(oneLine(cut(source, location)), oneLine(replacement));
      console.log(`${place}  ${before}  →  ${after}  (${ALIVE[status]})`);
    }
  }
  console.log();
  for (const [folder, mutants] of folders) console.log(score(folder, mutants));
  console.log(`${score('together', [...folders.values()].flat())}; ${thresholds.break}% is the mark`);
}

/** Mutants that could not be run count neither way. */
function score(what, mutants) {
  const noticed = mutants.filter(({ status }) => NOTICED.includes(status)).length;
  const all = noticed + mutants.filter(({ status }) => status in ALIVE).length;
  const percent = all === 0 ? 'none' : `${((100 * noticed) / all).toFixed(1)}%`;
  return `${what.padEnd(12)} ${percent.padStart(6)}  ${noticed} of ${all} mutants noticed`;
}

/** What stands there in the source; lines and columns count from 1. */
function cut(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  // The end first: on a single line the start moves it.
  lines.push(lines.pop().slice(0, end.column - 1));
  lines.unshift(lines.shift().slice(start.column - 1));
  return lines.join(' ');
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Both texts around the first difference, as long as a line has room for. */
function apart(one, other) {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const from = Math.max(0, same - SHARED);
  return [one, other].map((text) => {
    const rest = `${from > 0 ? '…' : ''}${text.slice(from)}`;
    return rest.length > LONGEST ? `${rest.slice(0, LONGEST - 1)}…` : rest;
  });
}
