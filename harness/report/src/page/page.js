(() => {
  const root = document.documentElement;
  const hidden = (s) => s !== null && root.classList.contains('hide' + s);
  const grey = new Set(data.quiet);
  const quiet = (s) => grey.has(s) && !root.classList.contains('loud' + s);
  const drawings = [];

  // A strategy is in colour, grey, or hidden, everywhere.
  const keys = [...document.querySelectorAll('.key')];
  const families = [...document.querySelectorAll('.family')];
  const all = document.querySelector('.all');
  const state = (key) => key.getAttribute('aria-pressed');
  const first = (key) => (grey.has(Number(key.dataset.s)) ? 'mixed' : 'true');
  const members = (family) => {
    const own = [];
    for (let next = family.nextElementSibling; next && next.matches('.key'); next = next.nextElementSibling) own.push(next);
    return own;
  };
  const turn = (changes) => {
    for (const [key, wanted] of changes) {
      key.setAttribute('aria-pressed', wanted);
      root.classList.toggle('hide' + key.dataset.s, wanted === 'false');
      root.classList.toggle('loud' + key.dataset.s, wanted === 'true' && first(key) === 'mixed');
    }
    for (const family of families) {
      const off = members(family).filter((key) => state(key) === 'false').length;
      family.setAttribute('aria-pressed', off === 0 ? 'true' : off === members(family).length ? 'false' : 'mixed');
    }
    if (all) all.hidden = keys.every((key) => state(key) === first(key));
    drawings.forEach((redraw) => redraw());
  };
  // Of several kinds of fault one is shown, or all. What would be left folded of a section is unfolded.
  const kinds = [...document.querySelectorAll('.kind')];
  let unfolded = [];
  const choose = (wanted) => {
    const chosen = kinds.find((kind) => kind.dataset.kind === wanted) || kinds[0];
    if (!chosen) return;
    kinds.forEach((kind) => kind.setAttribute('aria-pressed', String(kind === chosen)));
    if (chosen.dataset.kind) root.dataset.kind = chosen.dataset.kind; else delete root.dataset.kind;
    unfolded.forEach((details) => { details.open = false; });
    unfolded = [...document.querySelectorAll('main > .section')]
      .map((section) => [...section.querySelectorAll(':scope > .figure')].find((figure) => figure.checkVisibility()))
      .filter((figure) => figure && figure.open === false);
    unfolded.forEach((details) => { details.open = true; });
  };
  const kind = () => root.dataset.kind || '';
  // What differs from the page as it was made stands in the address, so that a link shows the same.
  const remember = () => {
    const names = (wanted) => keys.filter((key) => state(key) === wanted && first(key) !== wanted).map((key) => encodeURIComponent(key.title)).join(',');
    const parts = [['hide', names('false')], ['name', names('true')], ['faults', kind()]].filter(([, names]) => names).map(([what, names]) => what + '=' + names);
    const section = /^#[^=]+$/.test(location.hash) ? location.hash.slice(1) : (/[#&]at=([^&]+)/.exec(location.hash) || [])[1];
    if (parts.length && section) parts.push('at=' + section);
    history.replaceState(null, '', '#' + (parts.length ? parts.join('&') : section || ''));
  };
  const recall = () => {
    const plain = (name) => { try { return decodeURIComponent(name); } catch { return name; } };
    const found = Object.fromEntries(location.hash.slice(1).split('&').filter((part) => part.includes('=')).map((part) => part.split('=', 2)));
    const names = (what) => new Set((found[what] || '').split(',').filter(Boolean).map(plain));
    const [hide, name] = [names('hide'), names('name')];
    // What a link asks for that is not on this page is said at its top.
    const unknown = Object.entries(found).flatMap(([what, text]) => {
      if (what === 'hide' || what === 'name') return [...names(what)].filter((one) => !keys.some((key) => key.title === one)).map((one) => `${what}=${one}, which is no strategy here`);
      if (what === 'faults') return !text || kinds.some((kind) => kind.dataset.kind === text) ? [] : [`faults=${plain(text)}, which is no kind of fault here; all are shown`];
      if (what === 'at') return document.getElementById(text) ? [] : [`at=${plain(text)}, which is no section here`];
      return [`${plain(what)}=${plain(text)}, which means nothing here`];
    });
    const odd = document.getElementById('odd');
    odd.hidden = !unknown.length;
    odd.replaceChildren(...unknown.map((said) => { const line = document.createElement('p'); line.textContent = `This link asks for ${said}.`; return line; }));
    turn(keys.map((key) => [key, hide.has(key.title) ? 'false' : name.has(key.title) ? 'true' : first(key)]));
    choose(found.faults);
    const at = found.at && document.getElementById(found.at);
    if (!at) return;
    // On a reload the browser would go back to where the page was left, over the place that the address names.
    history.scrollRestoration = 'manual';
    at.scrollIntoView({ behavior: 'instant' });
  };
  const change = (changes) => { turn(changes); remember(); };
  for (const key of keys)
    key.addEventListener('click', () => change([[key, { true: 'false', false: first(key), mixed: 'true' }[state(key)]]]));
  for (const family of families)
    family.addEventListener('click', () => {
      const off = members(family).every((key) => state(key) === 'false');
      change(members(family).map((key) => [key, off ? first(key) : 'false']));
    });
  for (const button of kinds) button.addEventListener('click', () => { choose(button.dataset.kind); remember(); });
  if (all) all.addEventListener('click', () => change(keys.map((key) => [key, first(key)])));
  addEventListener('hashchange', () => { if (/^#[^=]+$/.test(location.hash)) remember(); else recall(); });

  // Where one is, in the list of contents.
  const links = new Map([...document.querySelectorAll('.sections a')].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) =>
    links.forEach((link, id) => { if (id === entry.target.id) link.setAttribute('aria-current', 'true'); else link.removeAttribute('aria-current'); })),
  { rootMargin: '-15% 0px -75% 0px' });
  links.forEach((_, id) => { const section = document.getElementById(id); if (section) seen.observe(section); });

  // Charts: drawn again for their width and for what is shown, and read with the pointer or with the arrow keys.
  const SVG = 'http://www.w3.org/2000/svg';
  const shape = (tag, attributes) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const MOST = 14;
  const listed = (readings) => {
    const loud = readings.filter(({ one }) => !quiet(one.s));
    const chosen = new Set(readings.length <= MOST ? readings : loud.slice(0, MOST));
    const shown = readings.filter((reading) => chosen.has(reading)).map(({ words }) => words);
    return readings.length > shown.length ? [...shown, `and ${readings.length - shown.length} more`] : shown;
  };

  document.querySelectorAll('[data-chart]').forEach((box) => {
    const chart = data.charts[box.dataset.chart];
    const still = box.querySelector('svg');
    const tip = box.parentElement.querySelector('.tip');
    if (!chart || !still || !tip) return;
    const below = document.createElement('p');
    below.className = 'inkeys';
    box.after(below);
    const cross = shape('g', { class: 'cross' });
    // Lines over one axis are read all at once; marks one by one.
    const isRead = chart.y.unit !== 'names' && chart.series.every((one) => one.j !== 'marks');
    let drawn = null;
    let at = null;
    let width = 0;
    const redraw = () => {
      width = box.clientWidth;
      if (!width) return;
      drawn = draw(chart, width, still.getAttribute('aria-label'), (s) => !hidden(s), quiet);
      box.querySelector('svg').replaceWith(drawn.svg);
      below.replaceChildren(...drawn.unnamed.map(([s, name]) => {
        const key = document.createElement('span');
        const swatch = document.querySelector('.key[data-s="' + s + '"] svg');
        if (swatch) key.append(swatch.cloneNode(true));
        key.append(name);
        return key;
      }));
      off();
    };

    // What each line has where the crosshair stands.
    const columns = () => [...new Set(drawn.series.flatMap((one) => one.places.map(([x]) => Math.round(x))))].sort((a, b) => a - b);
    const reading = (one, x) => {
      const places = one.places.map(([px], index) => [Math.abs(px - x), px, index]);
      const [away, , index] = one.j === 'step'
        ? places.filter(([, px]) => px <= x + 1).pop() || [Infinity]
        : places.reduce((best, other) => (other[0] < best[0] ? other : best));
      if (away === undefined || (one.j !== 'step' && away > 12) || (one.j === 'step' && x > one.places[one.places.length - 1][0] + 1)) return [];
      const [value, bound] = [one.p[index][1], one.p[index][2] === 1];
      const words = (one.n ? one.n + ': ' : chart.y.title + ': ') + (bound ? 'none seen, below ' : '') + drawn.text(drawn.Y, value);
      return [{ one, index, place: one.places[index], words }];
    };
    const stand = (x) => {
      const readings = drawn.series.flatMap((one) => reading(one, x)).sort((one, other) => one.place[1] - other.place[1]);
      cross.replaceChildren(shape('line', { x1: x, x2: x, y1: drawn.frame.top, y2: drawn.frame.bottom }),
        ...readings.map(({ one, place }) => shape('circle', { cx: x, cy: place[1], r: 7, class: 'dot' + (one.s === null ? '' : ' s' + one.s) })));
      drawn.svg.append(cross);
      return readings;
    };
    // Charts of the same axis beside it show the same place.
    const peers = () => [...(box.closest('.figure') || box).querySelectorAll('[data-chart]')]
      .filter((other) => other !== box && other.stand && data.charts[other.dataset.chart].x.title === chart.x.title);
    box.stand = isRead ? (share) => {
      if (!drawn) return;
      if (share === null) cross.remove();
      else stand(drawn.frame.left + share * (drawn.frame.right - drawn.frame.left));
    } : null;

    const say = (lines, px, py) => {
      tip.textContent = lines.filter(Boolean).join('\n');
      const view = drawn.svg.getBoundingClientRect();
      const outer = box.parentElement.getBoundingClientRect();
      const scale = view.width / drawn.svg.viewBox.baseVal.width;
      const left = view.left - outer.left + px * scale;
      tip.classList.add('on');
      const wide = tip.offsetWidth;
      const beside = left + 14 + wide < outer.width ? left + 14 : left - 14 - wide;
      tip.style.left = Math.max(8, Math.min(outer.width - wide - 8, beside)) + 'px';
      tip.style.top = view.top - outer.top + py * scale + 12 + 'px';
    };
    const read = (x) => {
      const readings = stand(x);
      at = { x };
      const values = readings.map(({ one, index }) => one.p[index][0]);
      const head = values.length ? chart.x.title + ': ' + drawn.text(drawn.X, values[0]) : '';
      say([head, ...listed(readings)], x, drawn.frame.top);
      const share = (x - drawn.frame.left) / (drawn.frame.right - drawn.frame.left);
      peers().forEach((peer) => peer.stand(share));
    };
    const point = (series, index) => {
      const one = drawn.series[series];
      const [x, y, kind] = one.p[index];
      const [px, py] = one.places[index];
      at = { series, index };
      const isName = chart.y.unit === 'names';
      const lines = [one.n || (isName ? drawn.text(drawn.Y, y) : ''), chart.x.title + ': ' + drawn.text(drawn.X, x)];
      if (!isName) lines.push(chart.y.title + ': ' + (kind === 1 ? 'none seen, below ' : '') + drawn.text(drawn.Y, y));
      else if (kind === 1) lines.push('none seen: this is the upper bound');
      cross.replaceChildren(shape('circle', { cx: px, cy: py, r: 15, class: 'cursor' }));
      drawn.svg.append(cross);
      say(lines, px, py);
    };
    const off = () => {
      tip.classList.remove('on');
      cross.remove();
      at = null;
      peers().forEach((peer) => peer.stand(null));
    };
    const nearest = (x, y) => {
      let best = null;
      drawn.series.forEach((one, series) => one.places.forEach(([px, py], index) => {
        const away = (px - x) ** 2 + (py - y) ** 2;
        if (!best || away < best.away) best = { series, index, away };
      }));
      return best;
    };
    box.addEventListener('pointermove', (event) => {
      if (!drawn) return;
      const view = drawn.svg.getBoundingClientRect();
      const scale = drawn.svg.viewBox.baseVal.width / view.width;
      const [x, y] = [(event.clientX - view.left) * scale, (event.clientY - view.top) * scale];
      if (isRead) {
        const near = columns().reduce((best, other) => (Math.abs(other - x) < Math.abs(best - x) ? other : best), Infinity);
        if (near < Infinity && x > drawn.frame.left - 20 && x < drawn.frame.right + 20) read(near); else off();
        return;
      }
      const best = nearest(x, y);
      if (best && best.away < 90 * 90) point(best.series, best.index); else off();
    });
    box.addEventListener('pointerleave', off);
    box.addEventListener('blur', off);
    box.addEventListener('keydown', (event) => {
      if (!drawn) return;
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === 'Escape') { off(); return; }
      if (step === undefined && (next === undefined || isRead)) return;
      if (!drawn.series.length) return;
      event.preventDefault();
      if (isRead) {
        const all = columns();
        const here = at ? all.findIndex((x) => x >= at.x) : -1;
        read(all[Math.max(0, Math.min(all.length - 1, at ? here + step : 0))]);
        return;
      }
      const many = drawn.series.length;
      if (!at || at.series >= many) { point(0, 0); return; }
      const to = (at.series + (next || step) + many) % many;
      const length = drawn.series[at.series].p.length;
      if (next !== undefined) point(to, Math.min(at.index, drawn.series[to].p.length - 1));
      else if (length === 1) point(to, step > 0 ? 0 : drawn.series[to].p.length - 1);
      else point(at.series, Math.max(0, Math.min(length - 1, at.index + step)));
    });
    // A click on a line, a mark or a name does to its strategy what its button does.
    box.addEventListener('click', (event) => {
      const found = /(?:^| )s(\d+)/.exec(event.target.getAttribute('class') || '');
      const key = found && keys.find((key) => key.dataset.s === found[1]);
      if (key) key.click();
    });
    drawings.push(redraw);
    new ResizeObserver(() => { if (box.clientWidth !== width) requestAnimationFrame(redraw); }).observe(box);
    redraw();
    addEventListener('beforeprint', () => { if (drawn) drawn.svg.replaceWith(still); });
    addEventListener('afterprint', redraw);
    // The picture as a file that stands alone, or for another document.
    const links = box.parentElement.querySelector('.links');
    if (links) {
      const link = document.createElement('a');
      const title = (box.parentElement.querySelector('figcaption') || {}).textContent;
      const source = ((box.closest('.figure') || box).querySelector('.source') || {}).textContent;
      // What found no room in it has its mark and name below it, there as here.
      const keys = () => [...below.querySelectorAll('span')].map((key) => [key.querySelector('svg'), key.textContent]);
      const picture = () => alone(box.querySelector('svg'), title, [source, data.command].filter(Boolean), keys());
      link.textContent = 'SVG';
      link.href = '#chart-' + box.dataset.chart;
      link.download = box.dataset.chart + '.svg';
      link.setAttribute('aria-label', 'SVG of ' + title);
      link.addEventListener('click', () => { link.href = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(picture()); });
      const copy = document.createElement('button');
      copy.type = 'button';
      copy.className = 'copy';
      copy.textContent = 'Copy figure';
      copy.setAttribute('aria-label', 'Copy figure: ' + title);
      const said = document.createElement('span');
      said.setAttribute('role', 'status');
      copy.addEventListener('click', () => copied(picture()).then(
        () => { said.textContent = 'Copied, with where it comes from'; },
        () => { link.click(); said.textContent = 'The clipboard is not allowed here: saved instead'; },
      ));
      copy.addEventListener('blur', () => { said.textContent = ''; });
      links.prepend(link, copy);
      links.append(said);
    }
  });
  // As a picture and as its text, where both are taken.
  const copied = async (svg) => {
    if (!navigator.clipboard) throw new Error('no clipboard');
    if (!globalThis.ClipboardItem?.supports?.('image/svg+xml')) return navigator.clipboard.writeText(svg);
    const kinds = ['image/svg+xml', 'text/plain'].map((type) => [type, new Blob([svg], { type })]);
    return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(kinds))]);
  };
  const LOOKS = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-weight', 'font-family', 'paint-order', 'stroke-linejoin'];
  const looks = (from, to) => { const style = getComputedStyle(from); for (const name of LOOKS) to.setAttribute(name, style.getPropertyValue(name)); };
  const alone = (svg, title, provenance, keys) => {
    const copy = svg.cloneNode(true);
    copy.setAttribute('xmlns', SVG);
    const from = svg.querySelectorAll('*');
    copy.querySelectorAll('*').forEach((element, index) => {
      if (getComputedStyle(from[index]).display === 'none') { element.classList.add('gone'); return; }
      looks(from[index], element);
    });
    copy.querySelectorAll('.gone, .cross').forEach((element) => element.remove());
    // Where it comes from: in it, and below it.
    const { width, height } = svg.viewBox.baseVal;
    const [size, line] = [20, 26];
    const look = getComputedStyle(svg.querySelector('text.h, text') || svg);
    // The legend, in rows as wide as the picture.
    let [left, down] = [12, 0];
    for (const [swatch, name] of keys) {
      const room = 70 + name.length * size * 0.62;
      if (left > 12 && left + room > width) [left, down] = [12, down + line];
      const y = height + down + line / 2 + 4;
      if (swatch) {
        const mark = shape('g', { transform: `translate(${left} ${y - 12})` });
        [...swatch.children].forEach((part) => { const own = part.cloneNode(true); looks(part, own); mark.append(own); });
        copy.append(mark);
      }
      const text = shape('text', { x: left + 68, y: y + size / 3, 'font-size': size, 'font-family': look.fontFamily, fill: look.fill });
      text.textContent = name;
      copy.append(text);
      left += room + 24;
    }
    const begins = height + (keys.length ? down + line + 8 : 0);
    const lines = [title, ...provenance].flatMap((words, index) => wrapped(words, (width - 24) * (25 / size) * 0.97).map((words) => [words, index === 0 ? 600 : 400]));
    lines.forEach(([words, weight], at) => {
      const text = shape('text', { x: 12, y: begins + (at + 1) * line, 'font-size': size, 'font-weight': weight, 'font-family': look.fontFamily, fill: look.fill });
      text.textContent = words;
      copy.append(text);
    });
    const whole = begins + lines.length * line + 16;
    const ground = shape('rect', { width, height: whole, fill: getComputedStyle(svg.closest('.plot') || root).backgroundColor });
    const desc = shape('desc', {});
    desc.textContent = provenance.join('\n');
    copy.prepend(desc, ground);
    copy.setAttribute('viewBox', `0 0 ${width} ${whole}`);
    return new XMLSerializer().serializeToString(copy);
  };

  // A cell of a matrix as a sentence: of the pointer, or of the arrow keys.
  const sentence = (cell, table) => {
    const head = cell.parentElement.cells[0];
    const words = (element) => (element ? element.textContent.trim() : '');
    const [value, below] = [words(cell.firstChild), words(cell.querySelector('small'))];
    // Without a run without the fault there is no "more".
    const copies = (text) => (text.startsWith('+') ? `let ${text.slice(1)} copies more through than without it`
      : /^[0-9,]+$/.test(text) ? `let ${text} copies through` : text);
    const said = cell.matches('.hatched') ? 'it cannot happen to it, or was not run'
      : value === '·' ? 'no more than without it, but for chance'
      : value.startsWith('lost ') ? value + ' pings' : copies(value);
    const about = words(head.querySelector('small'));
    const fault = words(head).slice(0, about ? -about.length : undefined).trim();
    return `${words(table.tHead.rows[0].cells[cell.cellIndex])}, ${fault}${about ? ` (${about})` : ''}: ${[said, below && copies(below)].filter(Boolean).join('; ')}.`;
  };
  document.querySelectorAll('table.heat').forEach((table) => {
    const read = document.createElement('p');
    read.className = 'read';
    read.setAttribute('role', 'status');
    read.textContent = 'Point at a cell, or move through the cells with the arrow keys, to read it as a sentence.';
    table.closest('.tablewrap').after(read);
    const say = (event) => { const cell = event.target.closest('td'); if (cell) read.textContent = sentence(cell, table); };
    table.querySelectorAll('td').forEach((cell, index) => { cell.tabIndex = index ? -1 : 0; });
    table.addEventListener('pointerover', say);
    table.addEventListener('focusin', say);
    table.addEventListener('keydown', (event) => {
      const from = event.target.closest('td');
      const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] || [0, 0];
      if (!from || (!down && !right)) return;
      event.preventDefault();
      const rows = [...table.tBodies[0].rows].filter((row) => row.checkVisibility());
      const across = [...from.parentElement.cells].filter((cell) => cell.matches('td') && cell.checkVisibility());
      const row = rows[rows.indexOf(from.parentElement) + down];
      const to = down ? row && row.cells[from.cellIndex] : across[across.indexOf(from) + right];
      if (!to) return;
      [from.tabIndex, to.tabIndex] = [-1, 0];
      to.focus();
    });
  });

  // Tables sort by a click on a heading: by the numbers that stand in their CSV.
  const fields = (csv) => {
    const lines = [[]];
    for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
      lines[lines.length - 1].push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
      if (end === '\n') lines.push([]);
    }
    return lines;
  };
  const saved = new Map([...document.querySelectorAll('a[download$=".csv"]')].map((link) => ['table-' + link.download.slice(0, -4), link]));
  const numbers = (table) => {
    const link = saved.get(table.id);
    const lines = link ? fields(decodeURIComponent(link.getAttribute('href').replace(/^[^,]*,/, ''))).slice(1) : [];
    return new Map([...table.tBodies[0].rows].map((row, at) => [row, lines[at] || []]));
  };
  document.querySelectorAll('table.data').forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    let own = null;
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      const words = [...head.childNodes];
      const sortable = () => { button.append(...words); head.replaceChildren(button); };
      sortable();
      // A head that is repeated on the next sheet is printed without its buttons.
      addEventListener('beforeprint', () => head.replaceChildren(...words));
      addEventListener('afterprint', sortable);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        own ??= numbers(table);
        const key = (row) => {
          const field = own.get(row)[column];
          return field && Number.isFinite(Number(field)) ? Number(field) : row.cells[column].textContent;
        };
        const order = (one, other) => {
          const [a, b] = [key(one), key(other)];
          // What was not measured stays at the end.
          if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
          const sign = down ? -1 : 1;
          return sign * (typeof a === 'number' ? a - b : a.localeCompare(b, 'en', { numeric: true }));
        };
        table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
      });
    });
  });

  // The place is found once all stands that the script adds above it.
  if (location.hash.includes('=')) recall();

  // On paper everything is unfolded.
  let folded = [];
  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details.figure:not([open])')];
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => folded.forEach((details) => { details.open = false; }));
})();
