'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
// Where points lie along x is written once for all that lie there.
for (const chart of Object.values(data.charts))
  for (const one of chart.series) one.p = one.p.map((point, at) => [data.along[one.a][at]].concat(point));
// Draws a chart for the width that it has and of what is shown, in half pixels: so strokes and letters are those of the
// picture that the program draws, which stays where there is no script, and on paper.
const [draw, wrapped] = (() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const [FONT, LINE, TOP, BOTTOM, NAME_GAP, R] = [25, 30, 62, 88, 28, 10];
  const NARROW = 1000;

  // Values as text.
  const nice = (n) => {
    if (n === 0) return '0';
    if (Math.abs(n) >= 1000) return Math.round(n).toLocaleString('en-US');
    return String(Number(n.toPrecision(3)));
  };
  const scaled = (n, units) => {
    if (n === 0) return '0';
    const found = units.find(([size]) => Math.abs(n) >= size) || units[units.length - 1];
    return nice(n / found[0]) + found[1];
  };
  const show = {
    ns: (n) => scaled(n, [[1728e11, ' d'], [36e11, ' h'], [6e10, ' min'], [1e9, ' s'], [1e6, ' ms'], [1e3, ' µs'], [1, ' ns']]),
    share: (n) => nice(n * 100) + ' %',
    bytes: (n) => scaled(n, [[2 ** 40, ' TiB'], [2 ** 30, ' GiB'], [2 ** 20, ' MiB'], [1024, ' KiB'], [1, ' B']]),
    number: nice,
    rate: (n) => scaled(n, [[1e6, ' M/s'], [1e3, ' k/s'], [1, '/s']]),
    percentile: (n) => (n <= 1 ? '0' : Number((100 - 100 / n).toFixed(Math.max(0, Math.ceil(Math.log10(n)) - 1))) + ' %'),
    names: (n, axis) => axis.names[Math.round(n)] || '',
  };
  const text = (axis, value) => show[axis.unit](value, axis);

  // The middle of a long name left out, so that what differs at its end stays.
  const clip = (name, most) => {
    const letters = [...name];
    if (letters.length <= most) return name;
    const tail = Math.floor(most / 3);
    return letters.slice(0, most - tail - 1).join('') + '…' + letters.slice(letters.length - tail).join('');
  };
  const measure = document.createElement('canvas').getContext('2d');
  measure.font = '600 ' + FONT + 'px ' + getComputedStyle(document.body).fontFamily;
  const wide = (words) => measure.measureText(words).width;
  const wrapped = (words, room) => words.split(' ').reduce((lines, word) => {
    const longer = lines.length ? lines[lines.length - 1] + ' ' + word : word;
    if (lines.length && wide(longer) <= room) lines[lines.length - 1] = longer; else lines.push(word);
    return lines;
  }, []);

  // Values of an axis that get a line and a label.
  const TIMES = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 6e10, 6e11, 3.6e12, 1.44e13, 8.64e13, 6.048e14, 2.592e15,
    3.1536e16, 3.1536e17, 3.1536e18, 3.1536e19];
  const STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 5e9, 1e10, 3e10, 6e10, 3e11, 6e11, 1.2e12, 1.8e12, 3.6e12, 7.2e12,
    1.44e13, 2.16e13, 4.32e13, 8.64e13, 1.728e14, 6.048e14];
  const count = (first, last) => Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  const even = ([low, high], step) => count(Math.ceil(low / step - 1e-9), Math.min(Math.floor(high / step + 1e-9), Math.ceil(low / step) + 200)).map((n) => n * step);
  const round = (wanted) => {
    const ten = 10 ** Math.floor(Math.log10(Math.max(wanted, 1e-300)));
    return ([1, 2, 5].find((factor) => factor * ten >= wanted) || 10) * ten;
  };
  const evenly = (axis, most) => {
    const wanted = (axis.range[1] - axis.range[0]) / most;
    if (axis.unit === 'ns') return even(axis.range, STEPS.find((step) => step >= wanted) || round(wanted));
    if (axis.unit === 'bytes') return even(axis.range, 2 ** Math.ceil(Math.log2(Math.max(1, wanted))));
    return even(axis.range, round(wanted));
  };
  const decades = ([low, high]) => {
    const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    return count(first, last).flatMap((power) => (last - first <= 3 ? [1, 2, 5] : [1]).map((factor) => Number(factor + 'e' + power)));
  };
  const named = {
    names: (axis) => axis.names.map((_, index) => index),
    percentile: () => count(0, 6).map((nines) => 10 ** nines),
    ns: (axis) => axis.log && TIMES,
    bytes: (axis) => axis.log && count(0, 4).flatMap((power) => [1, 16, 128].map((factor) => factor * 1024 ** power)),
  };
  const ticks = (axis, most) => {
    const slack = (axis.range[1] - axis.range[0]) * 1e-9;
    const inside = (values) => values.filter((value) => value >= axis.range[0] - slack && value <= axis.range[1] + slack);
    let found = inside((named[axis.unit] && named[axis.unit](axis)) || (axis.log ? decades(axis.range) : evenly(axis, most)));
    // What is seen close up lies between the values that people name.
    if (found.length < 2 && axis.log && axis.unit !== 'percentile') found = inside(evenly(axis, most));
    const stride = Math.max(1, Math.ceil(found.length / most));
    return found.filter((_, index) => index % stride === 0);
  };

  // Where a value lies between the ends of an axis; beyond an end it lies on it.
  const bend = (axis, value) => (axis.log ? Math.log(Math.max(value, 1e-300)) : value);
  const place = (axis, value) => {
    const [low, high] = axis.range.map((end) => bend(axis, end));
    const share = (bend(axis, value) - low) / (high - low);
    return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  };
  const ends = (axis, values) => {
    const [low, high] = axis.range.map((end) => bend(axis, end));
    return values.map((value) => Math.min(high, Math.max(low, bend(axis, value))))
      .reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  };
  // An axis around what is shown, with as much room around it as there is around everything.
  const around = (axis, all, shown) => {
    if (axis.unit === 'names' || !shown.length || shown.length === all.length) return axis;
    const [low, high] = axis.range.map((end) => bend(axis, end));
    const [[, most], [least, last]] = [ends(axis, all), ends(axis, shown)];
    const first = ends(axis, all)[0];
    if (axis.log) return { ...axis, range: [Math.exp(least - (first - low)), Math.exp(last + (high - most))] };
    return last > low && most > low ? { ...axis, range: [low, low + ((last - low) * (high - low)) / (most - low)] } : axis;
  };
  const values = (series, at) => series.flatMap((one) => one.p.flatMap((point) => [point[at], ...(point[at + 3] || [])]));

  // Rows of names without those of which nothing is shown.
  const rows = (chart, series) => {
    if (chart.y.unit !== 'names') return [chart.y, series];
    const kept = [...new Set(series.flatMap((one) => one.p.map((point) => point[1])))].sort((a, b) => a - b);
    const moved = series.map((one) => ({ ...one, p: one.p.map(([x, y, ...rest]) => [x, kept.indexOf(y), ...rest]) }));
    return [{ ...chart.y, names: kept.map((row) => chart.y.names[row]), range: [-0.6, kept.length - 0.4] }, moved];
  };

  // Of those that lie on each other the first says so for all.
  const labels = (series) => {
    const groups = new Map();
    for (const one of series.filter((one) => one.n)) {
      const key = JSON.stringify(one.p);
      groups.set(key, [...(groups.get(key) || []), one]);
    }
    return new Map([...groups.values()].map(([first, ...twins]) => {
      const like = { 0: '', 1: ' = ' + (twins[0] || {}).n }[twins.length];
      return [first, like === undefined ? `${first.n} = ${twins.length} others` : first.n + like];
    }));
  };
  // Heights of names, each below the one before, as near to what is wanted as they get.
  const stacked = (wanted, top, bottom) => {
    const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
    const heights = order.map((index) => Math.min(bottom, Math.max(top, wanted[index])));
    for (let at = 1; at < heights.length; at++) heights[at] = Math.max(heights[at], heights[at - 1] + NAME_GAP);
    for (let at = heights.length - 1, limit = bottom; at >= 0; at--) limit = (heights[at] = Math.min(heights[at], limit)) - NAME_GAP;
    const placed = [];
    order.forEach((index, at) => { placed[index] = heights[at]; });
    return placed;
  };
  const meets = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const box = (left, top, width) => ({ left, top, right: left + width, bottom: top + LINE });
  const beside = (x, y, width, frame, taken) => [14, 26, 44, 66, 96, 130].flatMap((away) => [
    [away, -LINE / 2], [-away - width, -LINE / 2], [-width / 2, -away - LINE], [-width / 2, away],
    [away * 0.7, -away * 0.7 - LINE], [away * 0.7, away * 0.7],
    [-away * 0.7 - width, -away * 0.7 - LINE], [-away * 0.7 - width, away * 0.7],
  ]).map(([right, down]) => box(x + right, y + down, width)).find((area) =>
    area.left >= frame.left && area.right <= frame.right && area.top >= frame.top && area.bottom <= frame.bottom
    && !taken.some((other) => meets(other, area)));

  const corners = {
    square: [[-9, -9], [9, -9], [9, 9], [-9, 9]],
    triangle: [[0, -11], [11, 8], [-11, 8]],
    diamond: [[0, -12], [12, 0], [0, 12], [-12, 0]],
    plus: [[-3, -11], [3, -11], [3, -3], [11, -3], [11, 3], [3, 3], [3, 11], [-3, 11], [-3, 3], [-11, 3], [-11, -3], [-3, -3]],
    bound: [[-10, -8], [10, -8], [0, 10]],
  };

  // The picture, and what is needed to read values off it.
  const picture = (chart, width, label, shown, quiet) => {
    const svg = document.createElementNS(SVG, 'svg');
    const add = (tag, kind, attributes, words) => {
      const element = document.createElementNS(SVG, tag);
      element.setAttribute('class', kind);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, typeof value === 'number' ? Math.round(value * 10) / 10 : value);
      if (words !== undefined) element.textContent = words;
      svg.append(element);
    };
    const line = (kind, points) => { if (points.length > 1) add('polyline', kind, { points: points.map((point) => point.map((n) => Math.round(n * 10) / 10).join()).join(' ') }); };
    const write = (kind, words, x, y, anchor = 'start') => add('text', kind, { x, y, dy: '.35em', 'text-anchor': anchor, 'font-size': FONT }, words);

    const [Y, series] = (([y, moved]) => [
      around(y, values(chart.series, 1), values(moved, 1)), moved,
    ])(rows(chart, chart.series.map((one, index) => ({ ...one, index })).filter((one) => one.p.length && shown(one.s))));
    const guides = (chart.guides || []).filter(([, , strategy]) => shown(strategy));
    const X = around(chart.x, values(chart.series, 0).concat((chart.guides || []).map(([at]) => at)), values(series, 0).concat(guides.map(([at]) => at)));
    const loud = series.filter((one) => !quiet(one.s));
    const isLine = (one) => one.j === 'line' || one.j === 'step';
    const named = labels(loud);
    const atEnd = [...named].filter(([one]) => isLine(one)).map(([one, words]) => [one, clip(words, 28)]);

    // The frame: names at the ends of lines have room beside it, or are written below the chart.
    const W = width * 2;
    const [above, below] = [wrapped(Y.title, W - 40), wrapped(X.title, W - 60)];
    const top = TOP + (above.length - 1) * LINE;
    const foot = BOTTOM + (below.length - 1) * LINE;
    const H = Y.unit === 'names' ? Math.max(240, top + foot + Y.names.length * 44) : Math.min(960, Math.max(640, W * 0.5)) + top - TOP;
    const most = W < NARROW ? 14 : 22;
    const tick = (axis, value) => (axis.unit === 'names' ? clip(text(axis, value), most) : text(axis, value));
    const room = Math.max(0, ...atEnd.map(([, words]) => wide(words)));
    const fits = room > 0 && room < W * 0.3 && atEnd.length * NAME_GAP <= H - foot - top;
    const yTicks = ticks(Y, Y.unit === 'names' ? Y.names.length : 8);
    const frame = {
      left: Math.max(W < NARROW ? 40 : 60, ...yTicks.map((value) => wide(tick(Y, value)))) + 26,
      top, right: W - (fits ? room + 40 : W < NARROW ? 20 : 40), bottom: H - foot,
    };
    const x = (value) => frame.left + place(X, value) * (frame.right - frame.left);
    const y = (value) => frame.bottom - place(Y, value) * (frame.bottom - frame.top);

    for (const [name, value] of Object.entries({ class: 'chart live', viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': label }))
      svg.setAttribute(name, value);
    // As many names of ticks as fit side by side.
    const xTicks = [9, 8, 7, 6, 5, 4, 3, 2].map((many) => ticks(X, many)).find((found) => {
      const room = Math.max(0, ...found.map((value) => wide(tick(X, value)))) + 20;
      return found.every((value, at) => at === 0 || x(value) - x(found[at - 1]) > room);
    }) || [];
    for (const value of yTicks) line('g', [[frame.left, y(value)], [frame.right, y(value)]]);
    for (const value of xTicks) line('g', [[x(value), frame.top], [x(value), frame.bottom]]);
    line('a', [[frame.left, frame.top], [frame.left, frame.bottom], [frame.right, frame.bottom]]);
    for (const value of yTicks) write('t', tick(Y, value), frame.left - 12, y(value), 'end');
    for (const value of xTicks) {
      const half = wide(tick(X, value)) / 2;
      write('t', tick(X, value), Math.min(W - half - 2, Math.max(half + 2, x(value))), frame.bottom + 26, 'middle');
    }
    above.forEach((words, at) => write('h', words, Math.max(8, Math.min(frame.left - 4, W - 8 - wide(words))), 22 + at * LINE));
    below.forEach((words, at) => write('h', words, frame.right, H - 20 - (below.length - 1 - at) * LINE, 'end'));

    const written = [];
    const free = (areas) => { const area = areas.find((area) => !written.some((other) => meets(other, area))); if (area) written.push(area); return area; };
    for (const [from, to, name] of chart.bands || []) {
      const [left, right] = [x(from), Math.max(x(to), x(from) + 4)];
      add('rect', 'b', { x: left, y: frame.top, width: right - left, height: frame.bottom - frame.top });
      const words = clip(name, W < NARROW ? 22 : 34);
      const area = free([0, 1, 2, 3].map((row) => box(Math.min(left + 6, frame.right - wide(words)), frame.top + 4 + row * LINE, wide(words))));
      if (area) write('bt', words, area.left, area.top + LINE / 2);
    }
    for (const [at, name, strategy] of guides) {
      const own = strategy === null ? '' : ' s' + strategy;
      line(own ? 'v' + own : 'u', [[x(at), frame.top], [x(at), frame.bottom]]);
      if (own && quiet(strategy)) continue;
      const words = clip(name, W < NARROW ? 24 : 44);
      const left = x(at) + 10 + wide(words) <= frame.right ? x(at) + 10 : x(at) - 10 - wide(words);
      const area = free(count(1, 11).map((row) => box(Math.max(frame.left, left), frame.bottom - 6 - row * LINE, wide(words))));
      if (area) write(own ? 'n' + own : 'u', words, area.left, area.top + LINE / 2);
    }
    const contest = series.filter((one) => (chart.contest || []).includes(one.index))
      .map((one) => one.p[0]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const steps = contest.filter((point, at) => contest.slice(0, at).every((before) => before[1] > point[1]));
    const stairs = (points) => points.flatMap((point, at) => (at ? [[point[0], points[at - 1][1]], point] : [point]));
    line('f', stairs(steps.map((point) => [x(point[0]), y(point[1])])));

    const polygon = (kind, shape, at) => add('polygon', kind, { points: corners[shape].map(([right, down]) => `${Math.round(at[0]) + right},${Math.round(at[1]) + down}`).join(' ') });
    const mark = (one, [px, py, kind = 0], own) => {
      const shape = one.s === null ? 'circle' : data.marks[one.s];
      if (kind === 1) polygon(own ? 'o' + own : 'u', 'bound', [px, py]);
      else if (kind === 3) add('circle', own ? 'o' + own : 'u', { cx: px, cy: py, r: R - 1 });
      else if (shape === 'circle') add('circle', own ? 'm' + own : 'u', { cx: px, cy: py, r: R - 1 });
      else polygon('m' + own, shape, [px, py]);
      if (kind === 2) add('circle', 'x', { cx: px, cy: py, r: R + 8 });
    };
    for (const one of [...series.filter((one) => quiet(one.s)), ...loud]) {
      const own = one.s === null ? '' : ' s' + one.s;
      one.places = one.p.map((point) => [x(point[0]), y(point[1])]);
      if (one.j !== 'marks') line(own ? 'l' + own : 'u', one.j === 'step' ? stairs(one.places) : one.places);
      if (isLine(one) && one.places.length > 1) {
        // The range of the rounds, where a line in colour has one.
        if (!quiet(one.s)) one.p.forEach(([, , , , wideY], at) => {
          const px = one.places[at][0];
          if (wideY) { const [low, high] = wideY.map(y); line('i' + own, [[px, low], [px, high]]); for (const end of [low, high]) line('i' + own, [[px - 5, end], [px + 5, end]]); }
        });
        continue;
      }
      one.p.forEach(([, , kind, wideX, wideY], at) => {
        const [px, py] = one.places[at];
        if (wideY) line('i' + own, [[px, y(wideY[0])], [px, y(wideY[1])]]);
        if (wideX) line('i' + own, [[x(wideX[0]), py], [x(wideX[1]), py]]);
        mark(one, [px, py, kind], own);
      });
    }

    // Names: at the ends of lines, beside marks, or left to what is written below the chart.
    const unnamed = [];
    const heights = fits ? stacked(atEnd.map(([one]) => one.places[one.places.length - 1][1]), frame.top + 4, frame.bottom) : [];
    atEnd.forEach(([one, words], at) => {
      if (!fits) { unnamed.push([one.s, named.get(one)]); return; }
      const [px, py] = one.places[one.places.length - 1];
      line('i s' + one.s, [[px + 2, py], [frame.right + 21, heights[at]]]);
      write('n s' + one.s, words, frame.right + 26, heights[at]);
    });
    const taken = series.filter((one) => !isLine(one)).flatMap((one) => one.places).map(([px, py]) => ({ left: px - 16, right: px + 16, top: py - 16, bottom: py + 16 }));
    for (const [one, words] of [...named].filter(([one]) => !isLine(one))) {
      const [px, py] = one.places[one.places.length - 1];
      const clipped = clip(words, W < NARROW ? 26 : 40);
      const area = beside(px, py, wide(clipped), frame, taken);
      if (!area) { unnamed.push([one.s, words]); continue; }
      write(one.s === null ? 'u' : 'n s' + one.s, clipped, area.left, area.top + LINE / 2);
      taken.push(area);
      // A name that found no room beside its mark is tied to it.
      const to = [Math.min(area.right, Math.max(area.left, px)), Math.min(area.bottom, Math.max(area.top, py))];
      if (Math.hypot(to[0] - px, to[1] - py) > 40) line('i' + (one.s === null ? '' : ' s' + one.s), [[px, py], to]);
    }
    return { svg, X, Y, series, frame, unnamed, text, quiet };
  };
  return [picture, wrapped];
})();
