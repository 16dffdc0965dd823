// Checks the HTML parts of letters, files named on the command line, and prints a line of JSON for each: what html-validate objects to,
// and how much of it the mail programs support that caniemail.com has tried, in percent. The score is Mailpit's (internal/htmlcheck):
// 100 less the worst share of partial and the worst of no support, each weighted by how many elements are concerned.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const modules = process.env.MODULES;
const load = (name) => import(pathToFileURL(createRequire(path.join(modules, 'x.js')).resolve(name)).href);
const { HtmlValidate } = await load('html-validate');
const { caniemail, rawData } = await import(pathToFileURL(path.join(modules, 'caniemail', 'dist', 'index.js')).href);

// What letters need and pages must not have: old programs lay out by tables, know no <article>, and Outlook reads comments.
const validator = new HtmlValidate({
  extends: ['html-validate:standard', 'html-validate:a11y'],
  rules: { 'no-conditional-comment': 'off', 'no-deprecated-attr': 'off', 'prefer-native-element': ['error', { exclude: ['article'] }] },
});

// The package stops at a feature that was not tried in some program, so what was not tried is filled in; asking for a feature counts it.
const clients = new Set();
for (const f of rawData.data) for (const [family, platforms] of Object.entries(f.stats)) for (const p of Object.keys(platforms)) clients.add(`${family}.${p}`);
let found;
for (const f of rawData.data) {
  const stats = structuredClone(f.stats);
  for (const client of clients) {
    const [family, platform] = client.split('.');
    (stats[family] ??= {})[platform] ??= { never: 'u' };
  }
  f.known = f.stats;
  Object.defineProperty(f, 'stats', { get() { found.set(f, (found.get(f) ?? 0) + 1); return stats; } });
}

function support(html) {
  found = new Map();
  caniemail({ clients: ['gmail.android'], html });
  const elements = html.match(/<[a-z][^>]*>/gi).length;
  let partial = 0, none = 0;
  const worst = [];
  for (const [f, times] of found) {
    const count = { y: 0, a: 0, n: 0 };
    for (const platforms of Object.values(f.known)) for (const versions of Object.values(platforms)) for (const v of Object.values(versions)) if (v[0] in count) count[v[0]]++;
    const weight = 100 * Math.min(times, elements) / elements / (count.y + count.a + count.n);
    partial = Math.max(partial, count.a * weight);
    none = Math.max(none, count.n * weight);
    worst.push({ feature: f.title, times, partial: +(count.a * weight).toFixed(2), none: +(count.n * weight).toFixed(2) });
  }
  worst.sort((a, b) => b.partial + b.none - a.partial - a.none);
  return { score: 100 - partial - none, worst: worst.slice(0, 6) };
}

for (const file of process.argv.slice(2)) {
  const html = fs.readFileSync(file, 'utf8');
  const report = await validator.validateString(html);
  const faults = report.results.flatMap((r) => r.messages.map((m) => `${m.line}: ${m.ruleId}: ${m.message}`));
  console.log(JSON.stringify({ file, faults, ...support(html) }));
}
