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
  // What differs from the page as it was made stands in the address, so that a link shows the same.
  const remember = () => {
    const names = (wanted) => keys.filter((key) => state(key) === wanted && first(key) !== wanted).map((key) => encodeURIComponent(key.title)).join(',');
    const parts = [['hide', names('false')], ['name', names('true')]].filter(([, names]) => names).map(([what, names]) => what + '=' + names);
    const section = /^#[^=]+$/.test(location.hash) ? location.hash.slice(1) : (/[#&]at=([^&]+)/.exec(location.hash) || [])[1];
    if (parts.length && section) parts.push('at=' + section);
    history.replaceState(null, '', '#' + (parts.length ? parts.join('&') : section || ''));
  };
  const recall = () => {
    const plain = (name) => { try { return decodeURIComponent(name); } catch { return name; } };
    const found = Object.fromEntries(location.hash.slice(1).split('&').filter((part) => part.includes('=')).map((part) => part.split('=', 2)));
    const names = (what) => new Set((found[what] || '').split(',').filter(Boolean).map(plain));
    const [hide, name] = [names('hide'), names('name')];
    turn(keys.map((key) => [key, hide.has(key.title) ? 'false' : name.has(key.title) ? 'true' : first(key)]));
    const at = found.at && document.getElementById(found.at);
    if (at) at.scrollIntoView({ behavior: 'instant' });
  };
  const change = (changes) => { turn(changes); remember(); };
  for (const key of keys)
    key.addEventListener('click', () => change([[key, { true: 'false', false: first(key), mixed: 'true' }[state(key)]]]));
  for (const family of families)
    family.addEventListener('click', () => {
      const off = members(family).every((key) => state(key) === 'false');
      change(members(family).map((key) => [key, off ? first(key) : 'false']));
    });
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
  // The picture as a file that stands alone.
    const links = box.parentElement.querySelector('.links');
    if (links) {
      const link = document.createElement('a');
      link.textContent = 'SVG';
      link.href = '#chart-' + box.dataset.chart;
      link.download = box.dataset.chart + '.svg';
      link.setAttribute('aria-label', 'SVG of ' + (box.parentElement.querySelector('figcaption') || {}).textContent);
      link.addEventListener('click', () => { link.href = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(alone(box.querySelector('svg'))); });
      links.prepend(link);
    }
  });
  const alone = (svg) => {
    const copy = svg.cloneNode(true);
    copy.setAttribute('xmlns', SVG);
    const from = svg.querySelectorAll('*');
    copy.querySelectorAll('*').forEach((element, index) => {
      const style = getComputedStyle(from[index]);
      if (style.display === 'none') { element.classList.add('gone'); return; }
      for (const name of ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-weight', 'font-family', 'paint-order', 'stroke-linejoin'])
        element.setAttribute(name, style.getPropertyValue(name));
    });
    copy.querySelectorAll('.gone, .cross').forEach((element) => element.remove());
    return new XMLSerializer().serializeToString(copy);
  };

  if (location.hash.includes('=')) recall();

  // Tables sort by a click on a heading.
  document.querySelectorAll('table.data').forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
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
        const key = (row) => {
          const cell = row.cells[column];
          return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
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

  // On paper everything is unfolded.
  let folded = [];
  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details.figure:not([open])')];
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener('afterprint', () => folded.forEach((details) => { details.open = false; }));
})();
