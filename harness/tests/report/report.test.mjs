import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { accessibility, clashes, empty, launch, make, open, sizes } from './browser.mjs';
import { HOSTILE, full, hostile, large, runs } from './samples.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const pages = {
  report: make('full.html', 'report', full()).path,
  slides: make('slides.html', 'report', full(), '--format', 'slides').path,
  trend: make('trend.html', 'trend', ...runs(), '--format', 'html').path,
  hostile: make('hostile.html', 'report', hostile()).path,
  'hostile slides': make('hostile-slides.html', 'report', hostile(), '--format', 'slides').path,
};

const many = make('large.html', 'report', large()).path;

// What is drawn of the records that stand in the repository.
const recorded = (name) => make(`${name}.html`, 'report', new URL(`../../../results/${name}`, import.meta.url).pathname, '--format', 'slides').path;

const unfold = (page) => page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));

for (const [name, path] of Object.entries(pages))
  for (const colorScheme of ['light', 'dark'])
    for (const [size, viewport] of Object.entries(sizes))
      test(`${name}, ${colorScheme}, ${size}: nothing is requested, no error, no empty chart, no text on text`, async () => {
        const { page, wrong, context } = await open(browser, path, { colorScheme, viewport });
        await unfold(page);
        assert.deepEqual(await empty(page), []);
        assert.deepEqual(await clashes(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
        assert.deepEqual(wrong, []);
        await context.close();
      });

for (const name of ['report', 'slides', 'trend'])
  for (const colorScheme of ['light', 'dark'])
    test(`${name}, ${colorScheme}: the accessibility checker finds nothing`, async () => {
      const { page, context } = await open(browser, pages[name], { colorScheme });
      await unfold(page);
      assert.deepEqual(await accessibility(page), []);
      await context.close();
    });

test('the policy is the browser\'s, and stops what it does not know', async () => {
  const { page, context } = await open(browser, pages.report);
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return Boolean(window.ran);
  });
  assert.equal(ran, false);
  const loaded = await page.evaluate(() => fetch('https://example.org/').then(() => 'loaded', () => 'refused'));
  assert.equal(loaded, 'refused');
  await context.close();
});

test('without JavaScript every chart and table is there', async () => {
  const { page, wrong, context } = await open(browser, pages.report, { javaScriptEnabled: false });
  assert.ok(await page.locator('svg.chart').count() >= 8);
  assert.ok(await page.locator('h1').isVisible());
  assert.ok((await page.locator('table.data tbody tr').count()) > 20);
  const charts = await page.locator('figure.plot').count();
  assert.equal(await page.locator('figure.plot > .links a[download$=".csv"]').count(), charts);
  assert.match(await page.locator('noscript').first().textContent(), /report RUN --assets DIR/);
  assert.ok(await page.locator('noscript').first().isVisible());
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what there is several of stands in few words, and in full below', async () => {
  const { page, context } = await open(browser, pages.report);
  const streams = page.locator('.facts div', { hasText: 'Streams' });
  assert.match(await streams.locator('summary').textContent(), /^3 streams of [0-9,]+/);
  assert.ok(!(await streams.locator('li').first().isVisible()));
  await streams.locator('summary').click();
  assert.equal(await streams.locator('li:visible').count(), 3);
  await context.close();
});

test('a click hides a strategy in every chart and table, and shows it again', async () => {
  const { page, context } = await open(browser, pages.report);
  const key = page.locator('.key', { hasText: /^bloom$/ });
  const index = await key.getAttribute('data-s');
  const shown = () => page.evaluate((s) => [...document.querySelectorAll('.s' + s)].filter((e) => getComputedStyle(e).display !== 'none').length, index);
  const before = await shown();
  assert.ok(before > 10);
  await key.click();
  assert.equal(await key.getAttribute('aria-pressed'), 'false');
  assert.equal(await shown(), 0);
  await page.locator('.all').click();
  assert.equal(await shown(), before);
  await context.close();
});

test('the keyboard reads the values of a chart, and the pointer does too', async () => {
  const { page, context } = await open(browser, pages.report);
  const box = page.locator('[data-chart^="latency"]').first();
  await box.focus();
  await page.keyboard.press('ArrowRight');
  const tip = page.locator('figure:has([data-chart^="latency"]) .tip').first();
  const first = await tip.textContent();
  assert.match(first, /percentile: /);
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  assert.notEqual(await tip.textContent(), first);
  await page.keyboard.press('Escape');
  assert.equal(await tip.evaluate((element) => element.classList.contains('on')), false);
  await box.scrollIntoViewIfNeeded();
  // A point of the first line, where it is drawn.
  const place = await box.locator('.l').first().evaluate((line) => {
    const point = line.points ? line.points[Math.floor(line.points.length / 2)] : line.getPointAtLength(line.getTotalLength() / 2);
    const at = new DOMPoint(point.x, point.y).matrixTransform(line.getScreenCTM());
    return { x: at.x, y: at.y };
  });
  await page.mouse.move(place.x - 30, place.y);
  await page.mouse.move(place.x, place.y);
  assert.equal(await tip.evaluate((element) => element.classList.contains('on')), true);
  await context.close();
});

test('tables sort by number, down and up, with what was not measured last', async () => {
  const { page, context } = await open(browser, pages.report);
  const table = page.locator('#verdicts table').first();
  const column = await table.locator('thead th').evaluateAll((heads) => heads.findIndex((head) => head.textContent.startsWith('pings a second')));
  const href = await page.locator('#verdicts a[download$=".csv"]').first().getAttribute('href');
  const lines = decodeURIComponent(href.replace(/^[^,]*,/, '')).trim().split('\n').slice(1).map((line) => line.split(','));
  const number = new Map(lines.map((fields) => [fields[0], Number(fields[column])]));
  const names = () => table.locator('tbody th').evaluateAll((heads) => heads.map((head) => head.textContent));
  const values = async () => {
    const all = (await names()).map((name) => number.get(name));
    const measured = all.filter(Number.isFinite);
    assert.ok(measured.length > 3 && all.slice(0, measured.length).every(Number.isFinite), all.join());
    return measured;
  };
  const head = table.locator('thead th').nth(column);
  await head.locator('button').click();
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  const up = await values();
  assert.deepEqual(up, [...up].sort((a, b) => a - b));
  await head.locator('button').click();
  const down = await values();
  assert.deepEqual(down, [...down].sort((a, b) => b - a));
  await context.close();
});

test('a chart leaves as an SVG that stands alone, a table as CSV', async () => {
  const { page, context } = await open(browser, pages.report, { acceptDownloads: true });
  const download = async (locator) => {
    const [file] = await Promise.all([page.waitForEvent('download'), locator.click()]);
    return readFileSync(await file.path(), 'utf8');
  };
  const svg = await download(page.locator('.links a', { hasText: 'SVG' }).first());
  assert.match(svg, /^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  assert.match(svg, /fill="rgb|stroke="rgb/);
  const csv = await download(page.locator('#verdicts a[download$=".csv"]').first());
  assert.match(csv, /^strategy,harm,as documented,/);
  await context.close();
});

const PROVENANCE = /<desc>[^<]*seed 1, [^<]*records sha256 [0-9a-f]{12}\s*dedup-harness report full<\/desc>/;

test('a figure is copied with where it comes from, and saved where the clipboard is not allowed', async () => {
  const { page, wrong, context } = await open(browser, pages.report, { permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true });
  const links = page.locator('.plot > .links').first();
  const copy = links.locator('button', { hasText: 'Copy figure' });
  await copy.click();
  await links.locator('[role=status]', { hasText: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, PROVENANCE);
  const title = await page.locator('.plot figcaption').first().textContent();
  const texts = [...copied.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  assert.ok(texts.includes(title) && texts.includes('dedup-harness report full'), texts.join('\n'));
  // Below the drawing, and within the picture.
  const places = [...copied.matchAll(/<text x="12" y="([0-9.]+)"/g)].map(([, y]) => Number(y));
  const height = Number(/viewBox="0 0 [0-9.]+ ([0-9.]+)"/.exec(copied)[1]);
  assert.ok(places.length >= 3 && places.every((y) => y < height), `${places} in ${height}`);
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  const [file] = await Promise.all([page.waitForEvent('download'), copy.click()]);
  assert.match(file.suggestedFilename(), /\.svg$/);
  assert.equal(readFileSync(await file.path(), 'utf8'), copied);
  assert.match(await links.locator('[role=status]').textContent(), /saved/);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what has its name below a chart has it in the copied figure, too', async () => {
  const { page, context } = await open(browser, pages.report, { viewport: sizes.phone, acceptDownloads: true });
  const plot = page.locator('.plot:has(.inkeys span)').first();
  const names = await plot.locator('.inkeys span').allTextContents();
  assert.ok(names.length > 0);
  const [file] = await Promise.all([page.waitForEvent('download'), plot.locator('.links a', { hasText: 'SVG' }).click()]);
  const svg = readFileSync(await file.path(), 'utf8');
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  assert.deepEqual(names.filter((name) => !texts.includes(name)), []);
  assert.equal((svg.match(/<g transform="translate/g) ?? []).length, names.length, 'each beside its mark');
  await context.close();
});

test('one kind of fault, or all of them', async () => {
  const { page, wrong, context } = await open(browser, pages.report);
  const rows = () => page.locator('#matrix table.heat tbody th:visible').evaluateAll((all) => all.map((head) => head.firstChild.textContent));
  const figures = () => page.locator('#faults > .figure:visible').evaluateAll((all) => all.map((figure) => [figure.querySelector('.fold, h3').textContent, figure.open !== false]));
  const under = () => page.locator('#overview tr:visible').evaluateAll((all) => all.map((line) => line.textContent).join());
  const [every, first] = [await rows(), await figures()];
  assert.equal(every.length, 2);
  assert.match(await under(), /yes, 3 of 3/);
  for (const [kind, fault, other] of [['store', 'store-killed', 'worker-crash'], ['worker', 'worker-crash', 'store-killed']]) {
    await page.locator(`.kind[data-kind=${kind}]`).click();
    assert.deepEqual(await rows(), [fault]);
    assert.deepEqual(await figures(), [[`faults/${fault}`, true]], 'and it is unfolded');
    assert.match(await under(), /yes, 2 of 2/);
    assert.doesNotMatch(await under(), /of 3/);
    assert.equal(await page.locator('#verdicts > .figure:visible', { hasText: other }).count(), 0);
    assert.match(page.url(), new RegExp(`#faults=${kind}$`));
    const said = await page.locator('h1, .sentence, .lead').evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => one.innerText));
    assert.deepEqual(said.filter((sentence) => sentence.includes(other)), [], 'no sentence speaks of the others');
    assert.ok(said.some((sentence) => sentence.includes(fault)), said.join('\n'));
    assert.equal(said.length, await page.locator('.section:has(> .lead)').count() + 2, 'one sentence each');
  }
  assert.ok(await page.locator('#accuracy .figure:visible').count() > 0, 'what is of no fault stays');
  // With a family's button, over a reload, and back.
  await page.locator('.family', { hasText: /^filters$/ }).click();
  assert.match(page.url(), /#hide=bloom&faults=worker$/);
  await page.reload();
  assert.equal(await page.locator('.kind[aria-pressed=true]').textContent(), 'workers die 1');
  assert.deepEqual(await rows(), ['worker-crash']);
  assert.deepEqual(await clashes(page), []);
  await page.locator('.all').click();
  await page.locator('.kind', { hasText: /^all$/ }).click();
  assert.deepEqual([await rows(), await figures()], [every, first]);
  assert.deepEqual(wrong, []);
  await context.close();
  const none = await open(browser, pages.hostile);
  assert.equal(await none.page.locator('.kind').count(), 0, 'where there are not several kinds');
  await none.context.close();
});

test('hostile names are text', async () => {
  for (const name of ['hostile', 'hostile slides']) {
    const { page, wrong, context } = await open(browser, pages[name]);
    assert.equal(await page.locator('img, iframe, svg[onload], [onerror]').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    assert.deepEqual(wrong, []);
    if (name === 'hostile') {
      const names = await page.locator('tbody th').evaluateAll((cells) => cells.map((cell) => cell.textContent));
      // What turns the direction of writing is spelled out.
      const spelled = (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`;
      for (const name of HOSTILE) {
        const wanted = name.replace(/[\u202a-\u202e]/g, spelled);
        assert.ok(names.includes(wanted), wanted);
      }
    }
    await context.close();
  }
});

for (const [name, path] of Object.entries({ sample: pages.slides, quick: recorded('quick'), talk: recorded('talk') }))
  test(`slides of ${name}: arrow keys, notes, one slide at a time, nothing beyond its edges`, async () => {
    const { page, wrong, context } = await open(browser, path, { viewport: { width: 1280, height: 720 } });
    const on = () => page.locator('.slide.on').getAttribute('id');
    const count = await page.locator('.slide').count();
    assert.ok(count >= 8);
    assert.equal(await on(), 'slide-1');
    for (let number = 1; number <= count; number++) {
      assert.equal(await on(), `slide-${number}`);
      const over = await page.evaluate(() => {
        const slide = document.querySelector('.slide.on');
        const edge = slide.querySelector(':scope > footer').getBoundingClientRect();
        const outer = slide.getBoundingClientRect();
        return [...slide.querySelectorAll('h1, h2, p, td, th, li, dd, svg')]
          .filter((element) => !element.closest('aside'))
          .map((element) => ({ text: element.textContent.slice(0, 60), box: element.getBoundingClientRect() }))
          .filter(({ box }) => box.height && (box.bottom > edge.top + 4 || box.right > outer.right + 1 || box.left < outer.left - 1))
          .map(({ text }) => text);
      });
      assert.deepEqual(over, [], `slide ${number}`);
      assert.ok((await page.locator('.slide.on > footer').textContent()).includes('seed'));
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('Home');
    await page.keyboard.press('n');
    assert.ok(await page.locator('.slide.on aside').isVisible());
    await page.keyboard.press('n');
    assert.ok(!(await page.locator('.slide.on aside').isVisible()));
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    assert.equal((pdf.match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length, count);
    assert.deepEqual(wrong, []);
    await context.close();
  });

test('a report prints, all of it unfolded', async () => {
  const { page, wrong, context } = await open(browser, pages.report);
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 20_000);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('two hundred cells: drawn by the browser within two seconds, and small', async () => {
  const path = many;
  assert.ok(statSync(path).size < 3_000_000, `${statSync(path).size} bytes`);
  const began = performance.now();
  const { page, wrong, context } = await open(browser, path);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const took = performance.now() - began;
  console.log(`# 200 cells: ${statSync(path).size} bytes, drawn in ${Math.round(took)} ms`);
  await unfold(page);
  assert.deepEqual(await clashes(page), []);
  assert.deepEqual(await empty(page), []);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('a trend marks the step that is there', async () => {
  const { page, context } = await open(browser, pages.trend);
  assert.match(await page.locator('#throughput').textContent(), /exact -2[0-9.]+ % at 2026-03-08/);
  await context.close();
});

test('the first screen names the worst and has a line a candidate, as cards on a phone', async () => {
  const { page, context } = await open(browser, pages.report);
  assert.match(await page.locator('h1').textContent(), /bloom lost [0-9.]+\s% of unique pings (under|on) /);
  const lines = page.locator('#overview tbody tr:visible');
  assert.equal(await lines.count(), 4, 'no floor, and no one twice; who failed as well');
  const bottom = await lines.last().evaluate((line) => line.getBoundingClientRect().bottom);
  assert.ok(bottom < 900, `the last line ends at ${bottom}`);
  await context.close();
  const phone = await open(browser, pages.report, { viewport: sizes.phone });
  const card = phone.page.locator('#overview tbody tr').first();
  assert.equal(await card.evaluate((line) => getComputedStyle(line).display), 'grid');
  const heads = await card.locator('td').evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell, '::before').content));
  assert.ok(heads.every((head) => head.length > 3), heads.join());
  await phone.context.close();
});

test('on a phone the first column of a table stays where it is', async () => {
  const { page, context } = await open(browser, pages.report, { viewport: sizes.phone });
  const wrap = page.locator('#matrix .tablewrap').first();
  await wrap.evaluate((element) => { element.scrollLeft = 200; });
  const [head, edge] = await wrap.evaluate((element) => [element.querySelector('tbody th').getBoundingClientRect().left, element.getBoundingClientRect().left]);
  assert.ok(head >= edge - 1 && head < edge + 40, `${head} ${edge}`);
  await context.close();
});

test('a matrix of many strategies breaks no number, and moves in a box of its own', async () => {
  for (const viewport of [sizes.phone, { width: 1300, height: 900 }]) {
    const { page, context } = await open(browser, pages.report, { viewport });
    await page.locator('#matrix table.heat').first().evaluate((table) => {
      table.querySelectorAll('td').forEach((cell) => { cell.firstChild.textContent = 'lost 4,555'; });
      for (const line of table.rows) for (let count = 0; count < 9; count += 1) line.append(line.cells[1].cloneNode(true));
      [...table.rows[0].cells].slice(1).forEach((head) => { head.textContent = 'pubsubio-direct'; });
    });
    assert.deepEqual(await cut(page), []);
    const [narrow, heads, wide] = await page.locator('#matrix .tablewrap').first().evaluate((wrap) => [
      wrap.scrollWidth > wrap.clientWidth,
      [...wrap.querySelectorAll('thead th')].every((head) => head.scrollWidth <= head.clientWidth + 1),
      document.documentElement.scrollWidth - innerWidth,
    ]);
    assert.ok(heads && wide <= 0, `${heads} ${wide}`);
    if (viewport === sizes.phone) assert.ok(narrow);
    await context.close();
  }
});

test('a matrix says in words what its shades say', async () => {
  const { page, context } = await open(browser, pages.report);
  const cells = await page.locator('#matrix table.heat td').evaluateAll((all) => all.map((cell) => [cell.className, cell.textContent.trim()]));
  assert.ok(cells.some(([kind]) => kind.includes('red')) && cells.some(([kind]) => kind.includes('amber')));
  for (const [kind, text] of cells) {
    if (/\bred\b/.test(kind)) assert.match(text, /^lost [0-9,]+/);
    if (/\bamber\b/.test(kind)) assert.match(text, /^\+?[0-9,]+/);
  }
  await context.close();
});

test('a cell of a matrix is read as a sentence, by pointer and by arrow keys', async () => {
  const { page, wrong, context } = await open(browser, pages.report);
  const table = page.locator('#matrix table.heat').first();
  const read = page.locator('#matrix .read').first();
  await table.locator('td.red').first().hover();
  assert.match(await read.textContent(), /^bloom, (store-killed|worker-crash) \(.*\): lost 58 pings; let [0-9,]+ copies through\.$/);
  await table.locator('td').first().focus();
  const first = await read.textContent();
  await page.keyboard.press('ArrowDown');
  const below = await read.textContent();
  assert.notEqual(below.split(' (')[0], first.split(' (')[0]);
  assert.equal(below.split(',')[0], first.split(',')[0], 'the same strategy');
  await page.keyboard.press('ArrowRight');
  assert.notEqual((await read.textContent()).split(',')[0], below.split(',')[0]);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await read.textContent(), first);
  assert.equal(await table.locator('td[tabindex="0"]').count(), 1);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what a link asks for that is not on the page is said at its top', async () => {
  const { page, wrong, context } = await open(browser, pages.report);
  const said = async (hash) => {
    await page.goto('about:blank');
    await page.goto(pathToFileURL(pages.report).href + hash);
    return await page.locator('#odd').isHidden() ? '' : page.locator('#odd').innerText();
  };
  for (const hash of ['', '#latency', '#hide=bloom&faults=store&at=latency']) assert.equal(await said(hash), '', hash);
  for (const [hash, part] of [['#hide=blom', 'hide=blom, which is no strategy'], ['#faults=stores', 'all are shown'], ['#at=nowhere', 'no section'], ['#speed=9', 'means nothing'], ['#hide=%3Cb%3E', 'hide=<b>']])
    assert.ok((await said(hash)).includes(part), `${hash}: ${await said(hash)}`);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what is hidden stands in the address', async () => {
  const { page, context } = await open(browser, pages.report);
  await page.locator('.key', { hasText: /^bloom$/ }).click();
  assert.match(page.url(), /#hide=bloom$/);
  await page.reload();
  assert.equal(await page.locator('.key', { hasText: /^bloom$/ }).getAttribute('aria-pressed'), 'false');
  await context.close();
});

test('speaker notes cover nothing of the slide, and a chart is built up', async () => {
  const { page, context } = await open(browser, pages.slides, { viewport: { width: 1280, height: 720 } });
  const count = await page.locator('.slide').count();
  let charts = 0;
  await page.keyboard.press('n');
  for (let number = 1; number <= count; number++) {
    const [edge, notes] = await page.evaluate(() => {
      const slide = document.querySelector('.slide.on');
      return [slide.querySelector(':scope > footer').getBoundingClientRect().bottom, slide.querySelector('aside').getBoundingClientRect().top];
    });
    assert.ok(notes >= edge, `slide ${number}: notes at ${notes}, the slide to ${edge}`);
    const seen = () => page.evaluate(() => [...document.querySelectorAll('.slide.on svg .l')].filter((line) => getComputedStyle(line).visibility !== 'hidden').length);
    const all = await seen();
    if (all > 1) {
      charts++;
      await page.keyboard.press('b');
      assert.ok(await seen() < all);
    }
    await page.keyboard.press('ArrowRight');
  }
  assert.ok(charts > 0);
  await context.close();
});

for (const [name, path] of Object.entries({ sample: pages.slides, quick: recorded('quick'), talk: recorded('talk') }))
  test(`slides of ${name} on a phone are a page to scroll, in letters that can be read`, async () => {
    const { page, wrong, context } = await open(browser, path, { viewport: sizes.phone });
    const small = await page.evaluate(() => {
      const found = [];
      for (const text of document.querySelectorAll('.slide :is(h1, h2, p, li, td, th, dd)'))
        if (text.checkVisibility() && parseFloat(getComputedStyle(text).fontSize) < 12) found.push(text.textContent.slice(0, 40));
      for (const text of document.querySelectorAll('.slide svg text')) {
        const svg = text.ownerSVGElement, size = parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        if (size < 11) found.push(`${text.textContent}: ${size}`);
      }
      return found;
    });
    assert.deepEqual(small, []);
    const slides = await page.locator('.slide').evaluateAll((all) => all.map((slide) => slide.getBoundingClientRect()).map(({ top, bottom, left, right }) => ({ top, bottom, left, right })));
    assert.ok(slides.every(({ left, right }) => left >= 0 && right <= 391), JSON.stringify(slides));
    slides.slice(1).forEach(({ top }, at) => assert.ok(top >= slides[at].bottom - 1, `slide ${at + 2} lies on the one before`));
    assert.deepEqual(await accessibility(page), []);
    // A link leads to its slide, and notes stand below theirs.
    await page.goto(page.url().replace(/#.*/, '') + '#slide-4');
    const top = await page.locator('#slide-4').evaluate((slide) => slide.getBoundingClientRect().top);
    assert.ok(Math.abs(top) < 60, `${top}`);
    await page.click('#speaker');
    assert.ok(await page.locator('#slide-4 aside').isVisible());
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    assert.deepEqual(wrong, []);
    await context.close();
  });

test('letters of charts on slides are at least 20 of its 720 lines high', async () => {
  const { page, context } = await open(browser, pages.slides, { viewport: { width: 1280, height: 720 } });
  const sizes = await page.evaluate(() => [...document.querySelectorAll('.slide svg.chart')].map((svg) => {
    svg.closest('.slide').style.display = 'flex';
    const scale = svg.getBoundingClientRect().width && Math.min(svg.getBoundingClientRect().width / svg.viewBox.baseVal.width, svg.getBoundingClientRect().height / svg.viewBox.baseVal.height);
    return scale * Number(svg.querySelector('text').getAttribute('font-size'));
  }));
  assert.ok(sizes.length && sizes.every((size) => size >= 20), sizes.join());
  await context.close();
});

test('a chart is drawn for the width of the screen, and never moved sideways', async () => {
  for (const viewport of Object.values(sizes)) {
    const { page, context } = await open(browser, pages.report, { viewport });
    const charts = await page.locator('svg.live').evaluateAll((all) => all.map((svg) => ({
      drawn: svg.viewBox.baseVal.width / 2,
      seen: svg.getBoundingClientRect().width,
      over: svg.parentElement.scrollWidth - svg.parentElement.clientWidth,
    })));
    assert.ok(charts.length >= 6);
    for (const { drawn, seen, over } of charts) assert.ok(Math.abs(drawn - seen) < 2 && over <= 0, JSON.stringify({ drawn, seen, over }));
    await context.close();
  }
});

test('the page draws what the program draws', async () => {
  const { page, wrong, context } = await open(browser, pages.report);
  const marks = () => page.evaluate(() => [...document.querySelectorAll('section.figure [data-chart] svg')].map((svg) => {
    const kinds = {};
    for (const element of svg.querySelectorAll('circle, polygon, polyline')) {
      const kind = element.getAttribute('class');
      const [one] = element.tagName === 'circle' ? [element.cx.baseVal.value] : [element.points[0].x];
      if (/^[lmoxuv]( |$)/.test(kind)) (kinds[kind] ??= []).push(one);
    }
    return kinds;
  }));
  const live = await marks();
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  assert.equal(await page.locator('svg.live').count(), 0);
  const still = await marks();
  assert.ok(live.length >= 6);
  live.forEach((kinds, chart) => {
    assert.deepEqual(Object.keys(kinds).sort(), Object.keys(still[chart]).sort());
    const pairs = Object.entries(kinds).flatMap(([kind, places]) => {
      assert.equal(places.length, still[chart][kind].length, kind);
      return places.map((place, at) => [place, still[chart][kind][at]]);
    });
    // Places are the same but for the size of the drawing.
    const [least, most] = [pairs.reduce((a, b) => (b[0] < a[0] ? b : a)), pairs.reduce((a, b) => (b[0] > a[0] ? b : a))];
    const scale = (most[1] - least[1]) / (most[0] - least[0] || 1);
    for (const [one, other] of pairs) assert.ok(Math.abs(least[1] + (one - least[0]) * scale - other) < 12, `${chart}: ${one} ${other}`);
  });
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  assert.ok(await page.locator('svg.live').count() >= 6);
  assert.deepEqual(wrong, []);
  await context.close();
});

test('what is shown has the axes to itself', async () => {
  const { page, context } = await open(browser, pages.report);
  const ticks = () => page.locator('[data-chart^="latency"] svg text.t').evaluateAll((all) => all.map((text) => `${text.textContent} at ${text.getAttribute('y')}`));
  const before = await ticks();
  for (const name of ['noop', 'bloom']) await page.locator(`.key[title="${name}"]`).click();
  assert.notDeepEqual(await ticks(), before);
  const rows = page.locator('#stable svg text.t', { hasText: /^bloom$/ });
  assert.equal(await rows.count(), 0, 'its row is gone as well');
  await page.locator('.all').click();
  assert.deepEqual(await ticks(), before);
  await context.close();
});

test('one crosshair reads all lines, in every chart over the same axis', async () => {
  const { page, context } = await open(browser, pages.report);
  const figure = page.locator('section.figure:has([data-chart^="missed"])').first();
  const boxes = figure.locator('[data-chart]');
  assert.equal(await boxes.count(), 2);
  const box = await boxes.first().locator('svg').boundingBox();
  await boxes.first().scrollIntoViewIfNeeded();
  await boxes.first().hover({ position: { x: box.width / 2, y: box.height / 2 } });
  assert.equal(await figure.locator('.cross line').count(), 2);
  const lines = await boxes.first().locator('.l').count();
  const tip = (await figure.locator('.tip.on').textContent()).split('\n');
  assert.equal(tip.length, lines + 1, tip.join());
  await page.mouse.move(1, 1);
  assert.equal(await page.locator('.cross').count(), 0);
  await context.close();
});

test('of many strategies a few have colours and names, and a click gives both to any other', async () => {
  const { page, context } = await open(browser, many);
  const grey = page.locator('.key[aria-pressed=mixed]');
  const quiet = await grey.count();
  const all = await page.locator('.key').count();
  assert.ok(quiet > 20 && all - quiet >= 6, `${quiet} of ${all}`);
  const name = await grey.first().getAttribute('title');
  const named = () => page.locator('section.figure [data-chart^="accuracy"] text.n, section.figure:has([data-chart^="accuracy"]) .inkeys span').evaluateAll((texts) => texts.map((text) => text.textContent));
  const before = await named();
  assert.ok(!before.some((text) => text.includes(name)));
  await grey.first().click();
  assert.match(page.url(), /#name=/);
  assert.equal((await named()).length, before.length + 1);
  await page.reload();
  assert.equal(await grey.count(), quiet - 1);
  assert.equal(await page.locator('.key[aria-pressed=false]').count(), 0);
  await context.close();
});

test('a family is hidden and shown as one, and the address keeps the place', async () => {
  const { page, context } = await open(browser, pages.report);
  const family = page.locator('.family', { hasText: /^filters$/ });
  await family.click();
  assert.equal(await page.locator('.key[title="bloom"]').getAttribute('aria-pressed'), 'false');
  await page.locator('.sections a[href="#latency"]').click();
  await page.waitForURL(/#hide=bloom&at=latency$/);
  await page.reload();
  assert.equal(await family.getAttribute('aria-pressed'), 'false');
  // The place is looked for once everything is drawn.
  await page.waitForFunction(() => Math.abs(document.getElementById('latency').getBoundingClientRect().top) < 200);
  await context.close();
});

test('on a phone a row of a table of many columns is a card', async () => {
  const { page, context } = await open(browser, pages.report, { viewport: sizes.phone });
  await unfold(page);
  const shapes = await page.locator('table.data').evaluateAll((tables) => tables.map((table) => [
    table.tHead.rows[0].cells.length,
    getComputedStyle(table.tBodies[0].rows[0]).display,
    [...table.tBodies[0].rows[0].cells].slice(1).map((cell) => getComputedStyle(cell, '::before').content.replace(/\\(.)/g, '$1')),
    [...table.tHead.rows[0].cells].slice(1).map((head) => `"${head.textContent}"`),
  ]));
  const cards = shapes.filter(([, display]) => display === 'grid');
  assert.ok(cards.length >= 3);
  for (const [, , said, heads] of cards) assert.deepEqual(said, heads);
  assert.deepEqual(shapes.filter(([columns, display]) => columns >= 12 && display !== 'grid' ), []);
  await context.close();
});

// Words that go on in another line: not those that may break at a hyphen or a slash.
const cut = (page) =>
  page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.checkVisibility() || node.parentElement.closest('script, style, svg, .vh, caption, [hidden]')) continue;
      for (const { 0: word, index } of node.textContent.matchAll(/[^\s\-\u2013\u2026/=×:,;_.()]{2,24}/g)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const tops = new Set([...range.getClientRects()].filter((box) => box.width > 0.5).map((box) => Math.round(box.top)));
        if (tops.size > 1) found.push(word);
      }
    }
    return found;
  });

for (const [size, viewport] of Object.entries(sizes))
  test(`no word is cut, ${size}`, async () => {
    for (const name of ['report', 'slides', 'trend']) {
      const { page, context } = await open(browser, pages[name], { viewport });
      await unfold(page);
      assert.deepEqual(await cut(page), [], name);
      await context.close();
    }
  });

// What is drawn of the records that stand in the repository, as a page.
const whole = (name) => make(`${name}-report.html`, 'report', new URL(`../../../results/${name}`, import.meta.url).pathname).path;

test('on paper nothing is wider than the sheet, upright or across, whatever was recorded', async () => {
  for (const path of [pages.report, whole('talk'), whole('quick')])
    for (const [width, height] of [[1032, 700], [718, 1040]]) {
      const { page, context } = await open(browser, path, { viewport: { width, height } });
      await page.emulateMedia({ media: 'print' });
      await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
      await unfold(page);
      const wide = await page.evaluate(() => [...document.querySelectorAll('main *, header *')].filter((element) => element.checkVisibility() && !element.closest('.vh, svg') && element.getBoundingClientRect().right > innerWidth + 1).map((element) => `${element.tagName} ${element.id}`));
      assert.deepEqual(wide, [], `${path} at ${width}`);
      await context.close();
    }
});

test('on paper no word is cut, nothing is wider than the sheet, and heads go with their tables', async () => {
  const { page, context } = await open(browser, pages.report, { viewport: { width: 1032, height: 700 } });
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await unfold(page);
  assert.deepEqual(await cut(page), []);
  const wide = await page.evaluate(() => [...document.querySelectorAll('table, svg.chart')].filter((element) => element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.id || element.getAttribute('aria-label')));
  assert.deepEqual(wide, []);
  const heads = await page.locator('thead').evaluateAll((all) => all.map((head) => getComputedStyle(head).display));
  assert.ok(heads.every((display) => display === 'table-header-group'), heads.join());
  assert.equal(await page.locator('thead button').count(), 0, 'a browser repeats no button on the next sheet');
  await context.close();
});

test('no name is broken at its hyphen where a sentence has it', async () => {
  for (const name of ['report', 'slides']) {
    const { page, context } = await open(browser, pages[name]);
    const lines = await page.locator('h1 .w, h2 .w, .sentence .w, .lead .w').evaluateAll((all) =>
      all.map((word) => word.getBoundingClientRect().height / parseFloat(getComputedStyle(word).fontSize)));
    assert.ok(lines.length > 0 && lines.every((high) => high < 2), lines.join());
    await context.close();
  }
});
