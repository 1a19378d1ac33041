// What is drawn: SVG whose colours are the page's own.
const NB = "\u00a0";
function num(v) { return Math.round(v).toString().replace(/\B(?=(\d{3})+$)/g, ","); }
function sig(v) {
  if (!isFinite(v)) return "∞";
  if (v === 0) return "0";
  if (Math.abs(v) >= 100) return num(v);
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(v))));
  return v.toFixed(Math.min(digits, 12)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}
const big = (v) => v >= 9.95e8 ? sig(v / 1e9) + NB + "G" : v >= 9.95e5 ? sig(v / 1e6) + NB + "M" : v >= 1e4 ? num(Math.round(v / 1e3) * 1e3) : sig(v);
const scale = (units) => (v) => { const [s, unit] = units.find(([s]) => v >= s) ?? units[units.length - 1]; return sig(v / s) + NB + unit; };
const showBytes = scale([[2 ** 40, "TiB"], [GIB, "GiB"], [2 ** 20, "MiB"], [1024, "KiB"], [1, "B"]]);
const showTime = scale([[2 * DAY_S, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]].map(([s, u]) => [u === "d" ? s : s, u]));
const seconds = (v) => v >= 2 * DAY_S ? sig(v / DAY_S) + NB + "d" : showTime(v);
const pct = (v) => sig(v * 100) + NB + "%";
const money = (v) => v > 0 && v < .01 ? "≤0.01" : v < 100 ? v.toFixed(2) : num(v);
const often = (v) => v === 0 ? "never" : v >= 300 ? sig(v / 365.25) + NB + "a day" : v >= 11 ? sig(v / 12) + NB + "a month" : sig(v) + NB + "a year";
// A threshold has three digits, as it is on its own side only so.
const UNIT = { rate: () => "/s", share: () => NB + "%", bytes: (s) => NB + (["TiB", "GiB", "MiB", "KiB"][BYTES.indexOf(s)] ?? "B"), time: (s) => NB + (["s", "ms", "µs"][TIMES.indexOf(s)] ?? "ns"), often: () => "/year", money: () => "" };
const showTo = (kind, v, digits = 3) => { const scale = shownIn(kind, v); return Number((v / scale).toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 12 }) + UNIT[kind](scale); };
// Sizes of filters are told for a few losses alone: where that turns is known about.
const isAbout = (e) => e.name === "losses allowed";
const showEnd = (e, value) => isAbout(e) ? "about " + showTo(e.kind, value, 1) : showTo(e.kind, value);
const showStretch = (e) => e.beyond?.until ? `between ${[e.to, e.beyond.until].sort((a, b) => a - b).map((v) => showEnd(e, v)).join(" and ")}` : `${e.up ? "from" : "below"} ${showEnd(e, e.to)}`;
// Who is the answer from there on: `cuckoo below 0.217 %, until 0.207 %, then apbf`.
function showChange(e) {
  const nobody = "nothing fits", named = (name) => name ?? nobody, there = e.beyond;
  if (there?.turns) return `${there.turns.map(named).slice(0, 2).join(", ")}${there.turns.length > 2 ? " and others" : ""} in turn ${e.up ? "from" : "below"} ${showEnd(e, e.to)}`;
  const first = `${named(e.winner)} ${e.up ? "from" : "below"} ${showEnd(e, e.to)}`;
  return there ? `${first} to ${showEnd(e, there.until)}, then ${there.others ? "others" : named(there.then)}` : first;
}
const showOf = { rate: (v) => sig(v) + "/s", share: pct, bytes: showBytes, time: seconds, often, money: (v) => sig(v), count: (v) => num(v) };

const MARKS = [(c) => `<circle cx="6" cy="6" r="5" fill="${c}"/>`, (c) => `<path d="M6 .6 11.4 10.6H.6z" fill="${c}"/>`, (c) => `<rect x="1.5" y="1.5" width="9" height="9" fill="${c}"/>`, (c) => `<path d="M6 0 12 6 6 12 0 6z" fill="${c}"/>`, (c) => `<path d="M4.2 1h3.6v3.2H11v3.6H7.8V11H4.2V7.8H1V4.2h3.2z" fill="${c}"/>`];
// By family, and never by place in a list; the mark tells members apart.
function family(s) {
  if (!s.has_window && s.place === "worker" && !s.forever) return "floor";
  if (s.place.endsWith("server")) return "redis";
  if (s.place === "disk") return "disk";
  if (s.place === "engine") return "runner";
  return s.sizes.some((z) => z.rate !== null) ? "filter" : "exact";
}
const MARK = { "redis-lease": 0, "redis-claim": 1, "redis-mozilla": 2, tiered: 3 };
function markOf(s) {
  if (s.strategy in MARK) return MARK[s.strategy];
  return D.told.filter((other) => family(other) === family(s)).indexOf(s) % MARKS.length;
}
const colour = (s) => `var(--${family(s)})`;
const icon = (s) => `<svg viewBox="0 0 12 12" aria-hidden="true">${MARKS[markOf(s)](colour(s))}</svg>`;
const where = (s) => ({ server: "in Redis", open_server: "in Redis", disk: "on the worker's disk", engine: "kept by the engine", worker: family(s) === "floor" ? "keeps nothing" : family(s) === "filter" ? "filter in the worker" : "in the worker" })[s.place] + (s.model_of ? `, a model of ${s.model_of}` : "");
const dot = (origin, more) => { const t = { outside: "outside what was measured" }[origin] ?? origin; return `<i class="pv ${origin}" role="img" aria-label="${t}" title="${t}${more ? ": " + more : ""}"></i>`; };
const text = (t, x, y, o = "") => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${o}>${t}</text>`;
const svg = (w, h, label, inside) => `<svg class="ch chart" viewBox="0 0 ${w} ${h}" role="img" aria-label="${label}">${inside}</svg>`;
const HALO = "paint-order:stroke;stroke:var(--card);stroke-width:4px";
const memoryOf = (c, n) => isServer(c) ? c.server * SERVER_RESERVE : c.s.place === "disk" ? c.disk : c.worker;

// Duplicates that are left against memory; a line a strategy, a dot a window. Names are put where there is room.
function drawWindows(w, q, decision) {
  const phone = w < 560, h = phone ? 380 : 450, L = phone ? 44 : 60, R = phone ? 12 : 120, T = 36, B = 52, share = (perDay) => ofDelivered(q.t, perDay);
  const shown = [...decision.survivors.slice(0, phone ? 3 : 5), ...decision.excluded.filter((j) => j.c.window && j.f.left > 0).slice(0, Math.max(0, (phone ? 4 : 7) - decision.survivors.length))].map((j) => j.c.s);
  const size = (c) => memoryOf(c, q.n);
  const lines = shown.map((s) => {
    const of = decision.judged.filter((j) => j.c.s === s && size(j.c) > 0), rate = of[0]?.c.size;
    return { s, points: of.filter((j) => j.c.size === rate).sort((a, b) => size(a.c) - size(b.c)) };
  }).filter((line) => line.points.length);
  if (!lines.length) return "<p>Nothing here has a window.</p>";
  const sizes = lines.flatMap((line) => line.points.map((j) => size(j.c))), shares = lines.flatMap((line) => line.points.map((j) => share(j.f.left)));
  const x0 = Math.log10(Math.min(...sizes)) - .1, x1 = Math.max(Math.log10(Math.max(...sizes)) + .1, x0 + 1), top = Math.max(q.n.missed * 1.3, Math.max(...shares) * 1.06, 1e-9);
  const px = (v) => L + (Math.log10(v) - x0) / (x1 - x0) * (w - L - R), py = (v) => T + (1 - Math.min(v, top) / top) * (h - T - B);
  let o = `<rect class="o" x="${L}" y="${py(q.n.missed).toFixed(1)}" width="${(w - R - L).toFixed(1)}" height="${Math.max(0, h - B - py(q.n.missed)).toFixed(1)}" fill="var(--zone)"/>`;
  const step = 10 ** Math.floor(Math.log10(top)), every = [.1, .2, .5, 1, 2].map((m) => m * step).find((v) => top / v < 7) ?? step;
  for (let v = 0; v < top; v += every) o += `<path d="M${L} ${py(v).toFixed(1)}H${w - R}" stroke="var(--line)"/>` + text(sig(v * 100), L - 8, py(v) + 4, 'text-anchor="end"');
  for (let e = Math.ceil(x0 / .30103 / 10) * 10; e * .30103 < x1; e += 10) o += `<path d="M${px(2 ** e).toFixed(1)} ${h - B}v6" stroke="var(--line2)"/>` + text(showBytes(2 ** e), px(2 ** e), h - B + 21, 'text-anchor="middle"');
  o += text("duplicates in the end, % of what is delivered", 0, 14, 'class="st"') + text("memory or disk, of the Redis or of a worker", w - R, h - 6, 'text-anchor="end" class="st"');
  o += `<path d="M${L} ${py(q.n.missed).toFixed(1)}H${w - R}" stroke="var(--ink)" stroke-dasharray="5 4"/>`;
  const taken = [], free = (x, y, width) => !taken.some((b) => x < b[0] + b[2] && x + width > b[0] && Math.abs(y - b[1]) < 15);
  const put = (label, x, y, style, places) => {
    const width = label.length * 7.4;
    for (const [dx, dy, anchor] of places) {
      const left = anchor === "end" ? x + dx - width : anchor === "middle" ? x + dx - width / 2 : x + dx;
      if (left < L || left + width > w || y + dy < T - 8 || y + dy > h - B - 4 || !free(left, y + dy, width)) continue;
      taken.push([left, y + dy, width]);
      o += text(label, x + dx, y + dy, `text-anchor="${anchor}" class="st" style="${style};${HALO}"`);
      return;
    }
  };
  for (const { s, points } of lines) {
    const wins = decision.survivors[0]?.c.s === s, loses = points[0].f.lostPerYear > 0, path = points.map((j, i) => (i ? "L" : "M") + px(size(j.c)).toFixed(1) + " " + py(share(j.f.left)).toFixed(1)).join("");
    o += `<path class="l" d="${path}" fill="none" stroke="${colour(s)}" stroke-width="${wins ? 3.5 : 2}" ${loses ? 'stroke-dasharray="1.5 5" stroke-linecap="round"' : ""}/>`;
    for (const j of points) { const z = phone ? 8 : 9; o += `<g class="m" transform="translate(${(px(size(j.c)) - z / 2).toFixed(1)} ${(py(share(j.f.left)) - z / 2).toFixed(1)}) scale(${z / 12})"><title>${s.strategy}, ${j.c.window ? seconds(j.c.window) : ""}: ${pct(share(j.f.left))} of what is delivered, ${showBytes(size(j.c))}</title>${MARKS[markOf(s)](colour(s))}</g>`; }
  }
  for (const { points } of lines) for (const j of points) taken.push([px(size(j.c)) - 4, py(share(j.f.left)) + 4, 8]);
  const first = decision.survivors[0];
  if (first && size(first.c) > 0) {
    const x = px(size(first.c)), y = py(share(first.f.left));
    o += `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="12" fill="none" stroke="var(--ink)" stroke-width="2"/>`;
    put(`${first.c.window ? seconds(first.c.window) + ": " : ""}${showBytes(size(first.c))}`, x, y, "fill:var(--ink)", [[16, -12, "start"], [-16, 24, "end"], [16, 24, "start"], [-16, -14, "end"], [0, -22, "middle"]]);
  }
  put(`${pct(q.n.missed)} allowed`, L + 8, py(q.n.missed), "fill:var(--ink)", [[0, 17, "start"], [0, -7, "start"], [w - R - L - 120, -7, "start"]]);
  for (const { s, points } of lines) { const j = points[points.length - 1], k = points[0]; put(s.strategy, px(size(j.c)), py(share(j.f.left)), `fill:${colour(s)}`, [[10, 4, "start"], [8, -12, "start"], [-10, -10, "end"], [-10, 18, "end"], [8, 18, "start"], [px(size(k.c)) - px(size(j.c)), py(share(k.f.left)) - py(share(j.f.left)) - 12, "middle"]]); }
  const legend = lines.map(({ s }) => `<li>${icon(s)}${s.strategy}</li>`).join("");
  return svg(w, h, "Duplicates in the end against memory, one line a strategy, one dot a window", o) + `<ul class="key marks">${legend}</ul>`;
}

// How far each assumption can move; `rows` are of { name, kind, from, down, up }.
function drawRoom(w, rows, winnerOf) {
  const phone = w < 760, step = phone ? 74 : 48, L = phone ? 10 : 210, R = phone ? 10 : 24, T = 40, h = T + rows.length * step + 8, most = Math.log10(FURTHEST);
  const px = (f) => L + (Math.log10(Math.min(FURTHEST, Math.max(1 / FURTHEST, f))) + most) / (2 * most) * (w - L - R);
  let o = "";
  for (const [f, t] of phone ? [[1 / 64, "÷ 64"], [1 / 8, "÷ 8"], [1, "today"], [8, "× 8"], [64, "× 64"]] : [[1 / 64, "÷ 64"], [.1, "÷ 10"], [1 / 3, "÷ 3"], [1, "today"], [3, "× 3"], [10, "× 10"], [64, "× 64"]])
    o += `<path class="o" d="M${px(f).toFixed(1)} ${T - 12}V${h}" stroke="var(--${f === 1 ? "ink" : "line"})"/>` + text(t, px(f), T - 20, `text-anchor="${f < .02 && phone ? "start" : f > 60 ? "end" : "middle"}" ${f === 1 ? 'class="st"' : ""}`);
  rows.forEach((row, i) => {
    const y = T + i * step + (phone ? 34 : step / 2), x0 = row.down ? px(row.down.factor) : L, x1 = row.up ? px(row.up.factor) : w - R, show = showOf[row.kind];
    o += phone ? text(`<tspan class="st">${row.name}</tspan>, today ${show(row.from)}`, L, y - 17) : text(row.name, 0, y - 3, 'class="st"') + text("today " + show(row.from), 0, y + 14);
    o += `<rect class="m" x="${x0.toFixed(1)}" y="${y - 9}" width="${Math.max(2, x1 - x0).toFixed(1)}" height="14" fill="${winnerOf}" opacity="${i ? .4 : .85}"/>`;
    for (const [end, x, word] of [[row.up, x1, "from"], [row.down, x0, "below"]]) if (end) {
      const s = D.told.find((s) => s.strategy === end.winner), c = s ? colour(s) : "var(--harm)", label = showChange(end), wide = label.length * 7.3;
      const up = word === "from", flip = up ? x + 8 + wide > w : x - 8 - wide < L;
      if (end.beyond?.until) { const z = px(end.beyond.until / row.from); o += `<path d="M${x.toFixed(1)} ${y - 2}H${z.toFixed(1)}m0 -6v12" stroke="${c}" stroke-width="2"/>`; }
      o += `<path d="M${x.toFixed(1)} ${y - 12}v20" stroke="${c}" stroke-width="3"/>` + text(label, phone ? (up ? w - R : L) : x + (up !== flip ? 8 : -8), phone ? y + (up && row.down ? 40 : 24) : y + 3 + (flip ? (up ? 18 : -12) : 0), `text-anchor="${phone ? (up ? "end" : "start") : up !== flip ? "start" : "end"}" class="st" style="fill:${c};${HALO}"`);
    }
  });
  return svg(w, h, "How far each assumption can move before another strategy is the answer", o);
}

// The life of one ping: steps of [when, what, tone], for two strategies beside each other or one below the other.
function drawLife(w, lanes) {
  if (w < 740) return lanes.map((lane) => `<h3>${lane.name}</h3><ol class="story">${lane.steps.map(([when, what, tone]) => `<li><span>${when}</span><i style="color:${tone}"></i><span>${tone === "var(--harm)" || tone === "var(--exact)" ? `<b style="color:${tone}">${what}</b>` : what}</span></li>`).join("")}</ol>`).join("");
  const L = 116, lane = 132, h = lanes.length * lane + 8;
  let o = "";
  lanes.forEach(({ name, steps }, i) => {
    const y = i * lane + 62, at = (k) => L + (k + .5) * (w - L) / steps.length, room = (w - L) / steps.length - 14;
    if (i) o += `<path d="M0 ${i * lane + 4}H${w}" stroke="var(--line2)"/>`;
    o += text(name, 0, y + 5, 'class="st" style="fill:var(--ink);font-size:15px"') + `<path class="l" d="M${at(0)} ${y}H${at(steps.length - 1)}" stroke="var(--line2)" stroke-width="3"/>`;
    steps.forEach(([when, what, tone], k) => {
      const cross = tone === "var(--harm)";
      o += cross ? `<path class="m" d="M${at(k) - 7} ${y - 7}l14 14m0-14l-14 14" stroke="${tone}" stroke-width="3.5"/>` : `<circle class="m" cx="${at(k)}" cy="${y}" r="7" fill="${tone}"/>`;
      o += text(when, at(k), y - 18, 'text-anchor="middle"');
      const words = what.split(" "), rows = [""];
      for (const word of words) { if ((rows[rows.length - 1] + " " + word).length * 6.7 > room && rows[rows.length - 1]) rows.push(""); rows[rows.length - 1] = (rows[rows.length - 1] + " " + word).trim(); }
      rows.forEach((row, r) => { o += text(row, at(k), y + 25 + r * 16, `text-anchor="middle" style="fill:${cross || tone === "var(--exact)" ? tone : "var(--ink)"}" ${cross || tone === "var(--exact)" ? 'class="st"' : ""}`); });
    });
  });
  return svg(w, h, lanes.map((lane) => `${lane.name}: ${lane.steps[lane.steps.length - 1][1]}`).join("; "), o);
}
