'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const nice = (n) => {
    if (n === 0) return '0';
    const a = Math.abs(n);
    if (a >= 1000) return Math.round(n).toLocaleString('en-US');
    return String(Number(n.toPrecision(3)));
  };
  const scaled = (n, units) => {
    const found = units.find(([size]) => Math.abs(n) >= size) || units[units.length - 1];
    return nice(n / found[0]) + ' ' + found[1];
  };
  const show = {
    ns: (n) => scaled(n, [[1728e11, 'd'], [36e11, 'h'], [6e10, 'min'], [1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']]),
    share: (n) => nice(n * 100) + ' %',
    bytes: (n) => scaled(n, [[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']]),
    number: nice,
    rate: (n) => nice(n) + ' a second',
    percentile: (n) => String(Number((100 - 100 / n).toPrecision(7))) + ' %',
    names: (n, chart) => (chart.names || [])[Math.round(n)] || '',
  };
  const hidden = (s) => s !== null && root.classList.contains('hide' + s);

  // A strategy is shown or hidden everywhere.
  const all = document.querySelector('.all');
  const toggle = (s, on) => {
    root.classList.toggle('hide' + s, !on);
    document.querySelectorAll('.key[data-s="' + s + '"]').forEach((key) => key.setAttribute('aria-pressed', String(on)));
    if (all) all.hidden = !document.querySelector('.key[aria-pressed=false]');
    remember();
  };
  // What is hidden stands in the address, so that a link shows the same.
  const remember = () => {
    const off = [...document.querySelectorAll('.key[aria-pressed=false]')].map((key) => encodeURIComponent(key.title));
    const here = /^#hide=/.test(location.hash) ? '#' : location.hash;
    history.replaceState(null, '', off.length ? '#hide=' + off.join(',') : here || '#');
  };
  const recall = () => {
    const found = /^#hide=(.*)$/.exec(location.hash);
    if (!found) return;
    const names = new Set(found[1].split(',').map((name) => { try { return decodeURIComponent(name); } catch { return name; } }));
    document.querySelectorAll('.key').forEach((key) => { if (names.has(key.title)) toggle(key.dataset.s, false); });
  };
  document.querySelectorAll('.key').forEach((key) =>
    key.addEventListener('click', () => toggle(key.dataset.s, key.getAttribute('aria-pressed') === 'false')));
  if (all) all.addEventListener('click', () => document.querySelectorAll('.key').forEach((key) => toggle(key.dataset.s, true)));

  recall();

  // Values under the pointer, or under the arrow keys.
  const SVG = 'http://www.w3.org/2000/svg';
  document.querySelectorAll('[data-chart]').forEach((box) => {
    const chart = data.charts[box.dataset.chart];
    const svg = box.querySelector('svg');
    const tip = box.parentElement.querySelector('.tip');
    if (!chart || !svg || !tip) return;
    const cursor = document.createElementNS(SVG, 'circle');
    cursor.setAttribute('r', '15');
    cursor.setAttribute('class', 'cursor');
    let at = null;
    const visible = () => chart.series.map((series, i) => i).filter((i) => chart.series[i].p.length && !hidden(chart.series[i].s));
    const point = (series, index) => {
      const [px, py, x, y, bound] = chart.series[series].p[index];
      at = { series, index };
      const name = chart.series[series].n || (chart.y[1] === 'names' ? show.names(y, chart) : '');
      const lines = [name, chart.x[0] + ': ' + show[chart.x[1]](x, chart)];
      if (chart.y[1] !== 'names') lines.push(chart.y[0] + ': ' + (bound ? 'none seen, below ' : '') + show[chart.y[1]](y, chart));
      else if (bound) lines.push('none seen: this is the upper bound');
      tip.textContent = lines.filter(Boolean).join('\n');
      cursor.setAttribute('cx', px);
      cursor.setAttribute('cy', py);
      svg.append(cursor);
      const view = svg.getBoundingClientRect();
      const outer = box.parentElement.getBoundingClientRect();
      const scale = view.width / svg.viewBox.baseVal.width;
      const left = view.left - outer.left + px * scale;
      tip.classList.add('on');
      const wide = tip.offsetWidth;
      const room = outer.width - wide - 8;
      const x2 = left + 14 + wide < outer.width ? left + 14 : left - 14 - wide;
      tip.style.left = Math.max(8, Math.min(room, x2)) + 'px';
      tip.style.top = view.top - outer.top + py * scale + 12 + 'px';
    };
    const off = () => { tip.classList.remove('on'); cursor.remove(); };
    const nearest = (x, y) => {
      let best = null;
      for (const i of visible()) chart.series[i].p.forEach(([px, py], index) => {
        const away = (px - x) ** 2 + (py - y) ** 2;
        if (!best || away < best.away) best = { i, index, away };
      });
      return best;
    };
    box.addEventListener('pointermove', (event) => {
      const view = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / view.width;
      const best = nearest((event.clientX - view.left) * scale, (event.clientY - view.top) * scale);
      if (best && best.away < 90 * 90) point(best.i, best.index); else off();
    });
    box.addEventListener('pointerleave', off);
    box.addEventListener('blur', off);
    box.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const turn = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === 'Escape') { off(); return; }
      if (step === undefined && turn === undefined) return;
      const shown = visible();
      if (!shown.length) return;
      event.preventDefault();
      if (!at || !shown.includes(at.series)) { point(shown[0], 0); return; }
      if (turn !== undefined) {
        const next = shown[(shown.indexOf(at.series) + turn + shown.length) % shown.length];
        point(next, Math.min(at.index, chart.series[next].p.length - 1));
        return;
      }
      const length = chart.series[at.series].p.length;
      if (length === 1) {
        const next = shown[(shown.indexOf(at.series) + step + shown.length) % shown.length];
        point(next, step > 0 ? 0 : chart.series[next].p.length - 1);
      } else point(at.series, Math.max(0, Math.min(length - 1, at.index + step)));
    });
    // A click on a line, a mark or a name hides its strategy, as its button does.
    svg.addEventListener('click', (event) => {
      const found = /(?:^| )s(\d+)/.exec(event.target.getAttribute('class') || '');
      if (found && document.querySelector('.key[data-s="' + found[1] + '"]')) { toggle(found[1], false); off(); }
    });
    // The picture as a file that stands alone.
    const links = box.parentElement.querySelector('.links');
    if (links) {
      const link = document.createElement('a');
      link.textContent = 'SVG';
      link.href = '#chart-' + box.dataset.chart;
      link.download = box.dataset.chart + '.svg';
      link.setAttribute('aria-label', 'SVG of ' + (box.parentElement.querySelector('figcaption') || {}).textContent);
      link.addEventListener('click', () => { link.href = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(alone(svg)); });
      links.prepend(link);
    }
  });
  const alone = (svg) => {
    const copy = svg.cloneNode(true);
    copy.setAttribute('xmlns', SVG);
    copy.querySelectorAll('.cursor').forEach((cursor) => cursor.remove());
    const from = svg.querySelectorAll('*');
    copy.querySelectorAll('*').forEach((element, index) => {
      const style = getComputedStyle(from[index]);
      if (style.display === 'none') { element.classList.add('gone'); return; }
      for (const name of ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-weight', 'font-family', 'paint-order', 'stroke-linejoin'])
        element.setAttribute(name, style.getPropertyValue(name));
    });
    copy.querySelectorAll('.gone').forEach((element) => element.remove());
    return new XMLSerializer().serializeToString(copy);
  };

  // Tables sort by a click on a heading.
  document.querySelectorAll('table.data').forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
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
