// Records as a run writes them, with everything that a report can show, and with names that mean harm.
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { binary, directory } from './browser.mjs';

// A small real run: its cells are what the samples are made of.
const real = join(directory, 'real');
execFileSync(binary, ['run', '-q', '-f', '^quick$', '-s', '^(noop|exact|bloom|lru-exact)$', '--rounds', '2', '--time-budget',
  '0.05', '--time-pings', '20000', '-o', real], { stdio: ['ignore', 'ignore', 'inherit'] });

import { readFileSync } from 'node:fs';
const [run, ...cells] = readFileSync(join(real, 'records.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));

const write = (name, lines) => {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'records.jsonl'), lines.map((line) => JSON.stringify(line) + '\n').join(''));
  return path;
};

const copy = (cell, change) => ({ ...structuredClone(cell), ...change });

const verify = (cell, change) => {
  const figures = structuredClone(cell.result.verify);
  return copy(cell, { result: { verify: { ...figures, ...change(figures) } } });
};

// Every part: faults that fired and one that did not, stable tables, predictions, a failure and a skip.
export function full() {
  const lines = [run, ...cells];
  const slices = (figures, from) => figures.over_time.missed_count.map((count, index) => (index >= from && index < from + 6 ? 40 + index : 0));
  for (const [scenario, kind, at] of [['faults/store-killed', 'store-killed', 20], ['faults/worker-crash', 'worker-crash', 33]])
    for (const cell of cells.filter((cell) => cell.pass === 'verify'))
      lines.push(copy(verify(cell, (figures) => {
        const lost = cell.strategy === 'bloom' ? 29 : 0;
        const over = { ...figures.over_time, missed_count: slices(figures, at), dropped_first_count: figures.over_time.missed_count.map((_, index) => (index === at + 1 ? lost : 0)) };
        const length = kind === 'worker-crash' ? 0 : figures.over_time.slice_ns * 5;
        const missed = over.missed_count.reduce((sum, count) => sum + count, 0);
        return {
          missed_count: missed, lost_count: lost, over_time: over, redelivered_count: 64,
          faults: [{ kind, at_ns: figures.over_time.slice_ns * at, for_ns: length, fired_count: cell.strategy === 'exact' ? 0 : 2, observed: 'the connection was refused 12 times' }],
          stable: { job: 'nightly', preceding_days: 0, days_count: 2, live_rows_count: 560000, stable_rows_count: 559000, missed_count: Math.floor(missed / 40), lost_count: lost, dropped_without_id_count: 3 },
          predicted: [{ cause: 'client retry', tables: 'live', because: 'the window on the delays', duplicate_count: 1000, missed_count: 670, predicted_ratio: 0.66, independent_count: 900 }],
          judgement: cell.strategy === 'exact' ? { verdict: 'inconclusive', findings: ['the fault never fired'] } : figures.judgement,
        };
      }), { scenario, scenario_digest: kind }));
  const [first] = cells;
  lines.push(copy(first, { strategy: 'redis', role: 'candidate', result: { skipped: { reason: 'no redis-server found', remedy: 'apt-get install redis-server' } } }));
  lines.push(copy(first, { strategy: 'sleeper', role: 'candidate', result: { failed: { how: 'hung', reason: 'no progress for 30 s' } } }));
  return write('full', lines);
}

export const HOSTILE = [
  '<script>alert(1)</script>',
  '</script><img src=x onerror=alert(2)>',
  '"><svg onload=alert(3)>',
  "'; DROP TABLE pings; --",
  '🦀 ünïcødé ‮rtl ‬',
  'x'.repeat(200),
  '<!--',
  'javascript:alert(4)',
  '& &amp; &lt;',
];

// The same figures under names that mean harm.
export function hostile() {
  const base = cells.filter((cell) => cell.strategy === 'lru-exact');
  const lines = [run, ...cells];
  for (const name of HOSTILE) for (const cell of base) lines.push(copy(cell, { strategy: name }));
  for (const cell of base) lines.push(copy(cell, { scenario: HOSTILE[0] }), copy(cell, { scenario: HOSTILE[5] }));
  return write('hostile', lines);
}

// Two hundred cells: 33 strategies, two scenarios, three passes.
export function large() {
  const lines = [run];
  const base = cells.filter((cell) => cell.strategy === 'exact' && cell.round === 0);
  for (let index = 0; index < 34; index++)
    for (const scenario of ['one', 'two'])
      for (const cell of base) {
        const other = copy(cell, { strategy: `strategy-${index}:capacity=${index * 1000}`, scenario });
        if (other.result.weigh) other.result.weigh.bytes_per_id = 2 * 1.2 ** index;
        if (other.result.verify) other.result.verify.missed_count = Math.floor(2.2 ** (index % 14));
        lines.push(other);
      }
  return write('large', lines);
}

// Many runs over time, with a step in one figure.
export function runs() {
  return Array.from({ length: 14 }, (_, index) => {
    const day = String(index + 1).padStart(2, '0');
    const factor = (index < 7 ? 1 : 0.8) * (1 + 0.01 * ((index * 7) % 5));
    const lines = [{ ...run, started_at: `2026-03-${day}T01:00:00Z` }, ...cells.map((cell) => {
      const other = structuredClone(cell);
      if (other.result.time && cell.strategy === 'exact') other.result.time.throughput_per_s = 2e7 * factor;
      return other;
    })];
    return write(`day-${day}`, lines);
  });
}
