import { cpus, loadavg } from 'node:os';

export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** When and where something was measured. */
export function about() {
  const [{ model }] = cpus();
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${model.trim()}, Node.js ${process.version}`,
    load: loadavg().map((one) => Number(one.toFixed(2))),
  };
}

/** A table in Markdown. */
export function table(head, rows) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

export const micros = (us) => `${us.toFixed(0)} µs`;
export const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
export const times = (ratio) => ratio.toFixed(2);

/** Prints a part of the bench: for people in Markdown, and in one line of JSON for programs. */
export function report(title, text, results) {
  const where = about();
  console.log(`## ${title}\n\n${where.date}, ${where.machine}, load ${where.load.join(' ')}\n\n${text}\n`);
  console.log(JSON.stringify({ title, ...where, ...results }));
}
