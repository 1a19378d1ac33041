// What the tests share: a browser without network, pages made by the binary, and what must never happen on one.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const binary = process.env.DEDUP_HARNESS ?? 'target/debug/dedup-harness';
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const directory = mkdtempSync(join(tmpdir(), 'dedup-report-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

// Makes a file with the binary and says how long that took.
export function make(name, ...words) {
  const path = join(directory, name);
  const began = performance.now();
  execFileSync(binary, [...words, '-o', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  return { path, took: performance.now() - began };
}

export const launch = () =>
  chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });

export const sizes = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
};

// Opens a page and collects everything that must not happen: errors, warnings of the policy, requests.
export async function open(browser, path, options = {}) {
  const context = await browser.newContext({ viewport: sizes.desktop, ...options });
  const page = await context.newPage();
  // A condition is awaited, however busy the machine.
  page.setDefaultTimeout(300_000);
  const wrong = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) wrong.push(message.text()); });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('dialog', (dialog) => { wrong.push('dialog: ' + dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => { if (!/^(file|data):/.test(request.url())) wrong.push('request: ' + request.url()); });
  await page.goto(pathToFileURL(path).href);
  return { page, wrong, context };
}

// Axe as the isolated world of the debugger runs it, so that the page's policy stays as it is.
export async function accessibility(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.map((found) => `${found.id} (${found.impact}): ${found.nodes.length} x ${found.nodes[0].html.slice(0, 160)} ${found.nodes[0].failureSummary}`);
}

// Names and tick labels of charts that lie on each other, or outside of their drawing.
export const clashes = (page) =>
  page.evaluate(() => {
    const found = [];
    for (const svg of document.querySelectorAll('svg.chart')) {
      const outer = svg.getBoundingClientRect();
      if (outer.width === 0) continue;
      const texts = [...svg.querySelectorAll('text')].map((text) => ({ text: text.textContent.trim(), box: text.getBoundingClientRect() }));
      const title = svg.getAttribute('aria-label').slice(0, 60);
      for (const { text, box } of texts)
        if (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1)
          found.push(`${title}: ${text} is cut off`);
      texts.forEach((one, index) => texts.slice(index + 1).forEach((other) => {
        const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (wide > 1 && high > 3) found.push(`${title}: ${one.text} lies on ${other.text}`);
      }));
    }
    return found;
  });

// Charts without anything drawn in them.
export const empty = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('svg.chart')]
      .filter((svg) => !svg.querySelector('.l, .m, .o, .u'))
      .map((svg) => svg.getAttribute('aria-label')));
