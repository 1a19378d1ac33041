// What reacts: the question in fields and in the address, the answer in words and tables.
const $ = (s) => document.querySelector(s), esc = (t) => String(t).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// Puts HTML into an element. The policy of the page forbids style attributes, and allows what a script sets.
const into = (selector) => ({
  set html(text) {
    const element = $(selector);
    element.innerHTML = text.replaceAll(' style="', ' data-css="');
    for (const one of element.querySelectorAll("[data-css]")) { one.style.cssText = one.dataset.css; one.removeAttribute("data-css"); }
  },
});

// decide::quantity
const plain = (text) => /^\d[\d_]*(\.\d*)?(e[+-]?\d+)?$/i.test(text = text.trim()) ? Number(text.replaceAll("_", "")) : null;
const PER = { s: 1, second: 1, min: 60, minute: 60, h: 3600, hour: 3600, day: DAY_S, d: DAY_S, week: 7 * DAY_S, month: YEAR_S / 12, year: YEAR_S };
function perSecond(text) { const [count, unit, more] = text.split("/"), per = PER[unit?.trim()], v = plain(count); return more === undefined && per && v !== null ? v / per : null; }
const within = (v, lo, hi) => v !== null && v >= lo && v <= hi ? v : null;
const READ = {
  rate: (t) => within(perSecond(t), 1e-6, 1e9),
  share: (t) => t.trim() === "none" ? 0 : within(t.trim().endsWith("%") ? plain(t.trim().slice(0, -1)) / 100 : plain(t), 0, 1),
  often: (t) => ["none", "never"].includes(t.trim()) ? 0 : within(perSecond(t) === null ? null : perSecond(t) * YEAR_S, 0, 1e6),
  bytes: (t) => { const m = /^([\d_.]+)\s*([KMGT]?i?B|[KMGT]|)$/.exec(t.trim()); if (!m) return null; const unit = m[2].replace("B", ""), power = "KMGT".indexOf(unit[0]) + 1; return within(plain(m[1]) * (unit && !unit.endsWith("i") ? 1e3 : 1024) ** (unit ? power : 0), 0, 1e18); },
  time: (t) => { const parts = [...t.replace(/\s/g, "").matchAll(/([\d.]+)(ns|us|ms|min|months?|m|s(?:ec)?|hours?|hr|h|days?|d|weeks?|w|y(?:ears?)?)/g)], size = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: DAY_S, w: 7 * DAY_S, y: YEAR_S }; if (!parts.length || parts.map((p) => p[0]).join("") !== t.replace(/\s/g, "")) return null; return parts.reduce((all, [, v, u]) => all + Number(v) * (size[u] ?? (u.startsWith("month") ? YEAR_S / 12 : size[u[0]])), 0); },
  count: (t) => { const v = plain(t); return v !== null && Number.isInteger(v) ? within(v, 1, 1e6) : null; },
  money: (t) => within(plain(t), 0, Infinity),
  numbers: (t) => { const names = t.trim() === "none" ? [] : t.split(",").map((name) => name.trim()); return names.every((name, i) => isNumber(name) && names.indexOf(name) === i) ? names : null; },
  nightly: (t) => t === "no" ? null : t === "yes" ? 0 : within(plain(t), 0, 60) ?? undefined,
};
// Lags::parse
function readLags(text) {
  if (text === "nightly") return D.measured;
  if (text === AS_ASKED) return D.traffic.lags;
  const points = text.split(",").map((part) => { const [share, lag] = part.split("="); return lag === undefined ? [null, null] : [READ.time(lag), READ.share(share)]; });
  if (points.some(([lag, share], i) => lag === null || share === null || i && (lag <= points[i - 1][0] || share <= points[i - 1][1]))) return null;
  const [lag, share] = points[points.length - 1];
  if (!(lag > 0 && share > 0)) return null;
  if (share < 1) points.push([2 * lag - (points[points.length - 2]?.[0] ?? 0), 1]);
  return points;
}
const AS_ASKED = "as asked";

const tidy = (v, digits = 2) => String(Number(v.toPrecision(digits)));
const WRITE = {
  rate: (v) => tidy(v) + "/s", share: (v) => v < 1e-4 ? tidy(v) : tidy(v * 100) + "%", often: (v) => v >= 200 ? tidy(v / 365.25) + "/day" : v >= 11 ? tidy(v / 12) + "/month" : tidy(v) + "/year",
  bytes: (v) => v >= 2 ** 40 ? tidy(v / 2 ** 40) + "TiB" : v >= GIB ? tidy(v / GIB) + "GiB" : v >= 2 ** 20 ? tidy(v / 2 ** 20) + "MiB" : tidy(v / 1024) + "KiB",
  time: (v) => v >= 60 ? tidy(Math.round(v / 60)) + "m" : v >= 1 ? tidy(v) + "s" : tidy(v * 1e3) + "ms", count: (v) => String(Math.max(1, Math.round(v))), money: (v) => tidy(v),
};
// Name, label, kind, and the ends of its slider or the choices there are.
const FIELDS = [
  ["Traffic"], ["rate", "Pings a second", "rate", 1, 1e6], ["duplicates", "Duplicates, of pings", "share", 1e-4, .5], ["lags", "How late copies come", "lags"],
  ["Must hold"], ["lost", "Lost in a year, of uniques", "share", ["none", "1e-9", "1e-6", "1e-3"]], ["missed", "Duplicates in the end, of what is delivered", "share", 1e-6, .1], ["nightly", "Nightly job", "nightly", ["no", "yes", "1"], ["off", "on", "looks back a day"]], ["p99", "p99 of a batch", "time", 1e-3, 10, "any"],
  ["numbers", "Numbers that people read", "numbers"], ["tolerance", "Each bent by, at most", "share", 1e-4, .1],
  ["What there is"], ["workers", "Workers", "count", 1, 256], ["memory", "Memory a worker", "bytes", 2 ** 26, 2 ** 40], ["redis", "Redis, up to", "bytes", 2 ** 28, 2 ** 42, "none"], ["disk", "Disk a worker", "bytes", 2 ** 28, 2 ** 44],
  ["What goes wrong"], ["crashes", "Worker crashes", "often", .1, 3650, "none"], ["restarts", "Deploys", "often", .1, 36525, "none"], ["failovers", "Redis failovers", "often", .1, 365, "none"],
  ["Prices, a GiB and month"], ["price.redis", "Redis", "money", .1, 100], ["price.memory", "Memory", "money", .1, 100], ["price.disk", "Disk", "money", .001, 10],
  ["More", 1], ["batch", "Pings a batch", "count", 1, 1e4], ["linger", "Linger", "time", 1e-3, 10], ["publish", "Publish", "time", 1e-3, 10], ["outage", "A failover takes", "time", 1, 600], ["replication", "Replica behind", "time", 1e-3, 60], ["roundtrip", "Round trip", "time", 1e-4, .1],
];
const KIND = Object.fromEntries(FIELDS.filter((f) => f.length > 2).map(([name, , kind]) => [name, kind]));
const NONE = { p99: "any", redis: "none" };

// The question as texts, by the names of the options; what the page was made for, and what it is now.
const asked0 = Object.fromEntries(D.asked), isNumbers = "rate" in asked0;
const splitPrice = (text) => Object.fromEntries(text.split(",").map((part) => part.split("=").map((t) => t.trim().replace("/GiB-month", ""))).map(([k, v]) => ["price." + k, v]));
const X0 = (() => {
  const x = {};
  for (const [name, byDefault] of D.needs) if (name === "price") Object.assign(x, splitPrice(byDefault), splitPrice(asked0.price ?? byDefault)); else x[name] = asked0[name] ?? byDefault;
  return { rate: asked0.rate ?? Number(D.traffic.pings_per_s.toPrecision(6)) + "/s", duplicates: asked0.duplicates ?? Number((D.traffic.duplicates * 100).toPrecision(6)) + "%", lags: isNumbers ? asked0.lags ?? "nightly" : AS_ASKED, ...x };
})();
let X = { ...X0 }, pair = [], life = null;
D.traffic.lags_of = new Lags(D.traffic.lags);
D.nightly = READ.nightly(X0.nightly);
const lagsOf = new Map();

// Whether a text means something; lags are points.
function read(name, text) {
  if (NONE[name] === text) return null;
  const value = name === "lags" ? readLags(text) : READ[KIND[name]](text);
  // Of other shares no sizes are told.
  if (name === "lost" && value > 0 && !D.lost.some((lost) => Math.abs(lost / value - 1) < 1e-9)) return undefined;
  return KIND[name] === "nightly" ? value : name === "duplicates" && value >= 1 ? undefined : value ?? undefined;
}
// Lags as they are typed. What a profile or a scenario said is told by a few of its points.
const typedLags = (text) => text !== AS_ASKED ? text : [.1, .25, .5, .75, .9, .99, .999, 1].map((s) => [s, D.traffic.lags_of.quantile(s)]).filter(([, l], i, all) => !i || l > all[i - 1][1]).map(([s, l]) => `${s * 100}%=${l >= 60 ? Math.round(l) + "s" : Math.max(1, Math.round(l * 1e3)) + "ms"}`).join(",");
// Whether the traffic is that of a profile or a scenario; once changed it is told by numbers.
const isAsGiven = (x) => !isNumbers && ["rate", "duplicates", "lags"].every((name) => x[name] === X0[name]);
// Traffic and needs in numbers.
function question(x) {
  const v = (name) => read(name, x[name]), n = { price: { memory: v("price.memory"), redis: v("price.redis"), disk: v("price.disk") } };
  for (const [name] of D.needs) if (name !== "price") n[name] = v(name);
  if (isAsGiven(x)) return { t: { ...D.traffic, lags: D.traffic.lags_of }, n };
  const text = typedLags(x.lags), rate = v("rate");
  if (!lagsOf.has(text)) { if (lagsOf.size > 50) lagsOf.clear(); lagsOf.set(text, new Lags(readLags(text))); }
  return { t: { ...D.traffic, pings_per_s: rate, busiest_per_s: rate, duplicates: v("duplicates"), copies: 1, counted_ids: [], lags: lagsOf.get(text) }, n };
}

// The command that asks the same.
const quoted = (word) => /^[\w\/.,:=%@+-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";
function command() {
  const own = [];
  if (Object.keys(X0).every((name) => X[name] === X0[name])) {
    for (let i = 0; i < D.words.length; i++) if (["-o", "--output", "--format"].includes(D.words[i])) i++; else if (!/^(-o.|--output=|--format=)/.test(D.words[i])) own.push(D.words[i]);
    return ["dedup-harness", ...own].map(quoted).join(" ");
  }
  const source = ["profile", "scenario"].find((name) => name in asked0);
  if (source && isAsGiven(X)) own.push("--" + source, asked0[source]);
  else own.push("--rate", X.rate, "--duplicates", X.duplicates, "--lags", typedLags(X.lags));
  if (asked0.payload) own.push("--payload", asked0.payload);
  for (const [name, byDefault] of D.needs) {
    const text = name === "price" ? ["memory", "redis", "disk"].map((k) => `${k}=${X["price." + k]}`).join(",") : X[name];
    if (text !== byDefault) name === "nightly" ? own.push(`--nightly=${text}`) : own.push("--" + name, text);
  }
  return ["dedup-harness advise", ...own.map(quoted)].join(" ");
}
const provenance = () => `dedup-harness ${D.provenance.version}, commit ${D.provenance.commit || "unknown"}, seed ${D.provenance.seed}, records ${D.provenance.records}`;

// ---- words
const named = (c) => `<b>${c.s.strategy}</b>${c.window && !c.s.own_window_s ? ` with a window of <b>${seconds(c.window)}</b>` : ""}`;
const size = (c, n) => isServer(c) ? `<b>${showBytes(c.server * SERVER_RESERVE)}</b> of Redis` : c.s.place === "disk" ? `<b>${showBytes(c.worker)}</b> of memory and <b>${showBytes(c.disk)}</b> of disk in each worker` : `<b>${showBytes(c.worker)}</b> in each worker`;
const lossWords = (f) => f.lostPerYear === 0 ? "none" : (f.atMost ? "at most " : "") + big(f.lostPerYear);
const SAYS = {
  lost: (f, x, j) => [`loses ${j.f.atMost ? "up to " : ""}${big(j.f.lostPerYear)} pings a year`, `${pct(f.found)} of uniques; allowed is ${f.allowed ? pct(f.allowed) : "none"}`],
  missed: (f) => [`leaves ${pct(f.found)} duplicates in what is delivered`, `allowed is ${f.allowed ? pct(f.allowed) : "none"}`],
  p99: (f) => [`takes ${seconds(f.found)} for a batch at p99`, `allowed is ${seconds(f.allowed)}`], memory: (f) => [`needs ${showBytes(f.found)} in each worker`, `each has ${showBytes(f.allowed)}`],
  disk: (f) => [`needs ${showBytes(f.found)} of disk in each worker`, `each has ${showBytes(f.allowed)}`], redis: (f, x) => [`needs ${showBytes(f.found)} of Redis`, x.redis === "none" ? "there is none" : `there are ${showBytes(f.allowed)}`],
  workers: (f) => [`takes ${sig(f.found)} of each worker's time`, "there is one"],
};
const failed = (f, j) => (SAYS[f.requirement] ?? ((f) => [`bends ${f.requirement} by ${pct(f.found)}`, `allowed is ${f.allowed ? pct(f.allowed) : "none"}`]))(f, X, j);
function why(j) {
  return j.fails.map((f) => { const [what, than] = failed(f, j), times = f.times; return `<div><b>${what}</b>, ${isFinite(times) ? times < 1.02 ? "too close to call: " : sig(times) + " times too much: " : ""}${than}.${f.origin === "outside" ? dot("outside") : f.origin === "measured" ? dot("measured") : dot("modelled")}</div>`; }).join("");
}
const cell = (label, inside) => `<td data-l="${label}">${inside}</td>`;
function row(j, i, q) {
  const { c, f } = j, { t, n } = q, limit = isServer(c) ? n.redis : c.s.place === "disk" ? n.disk : n.memory, takes = memoryOf(c, n), p99 = f.speed?.p99;
  const share = limit ? takes / limit : 0, of = isServer(c) ? "your Redis" : c.s.place === "disk" ? "each disk" : "each worker's";
  return `<tr class="${i ? "" : "win"}" style="--fam:${colour(c.s)}"><td><span class="nm">${icon(c.s)}<span><b>${c.s.strategy}</b>${c.window ? ", " + seconds(c.window) : ""}<small>${where(c.s)}${j.front ? "" : "; another is better in all"}</small></span></span></td>`
    + cell("duplicates live, of what is delivered", `${pct(ofDelivered(t, f.live))}${dot("modelled")}<small>${big(f.live)} a day</small>`)
    + cell("after the nightly job", c.stable === null ? "no job" : `${pct(ofDelivered(t, f.left))}${dot("modelled")}<small>${big(f.left)} a day</small>`)
    + cell("pings lost a year", lossWords(f) + dot("modelled"))
    + cell("memory for the window", `${showBytes(takes)}${dot("modelled", "from how it is built")}${c.s.place === "disk" ? " of disk" : ""}<small>${share < .005 ? "below 1" : Math.round(share * 100)} % of ${of}</small>${c.s.place === "disk" && c.worker ? `<small>and ${showBytes(c.worker)} of memory</small>` : ""}<span class="bar"><i data-w="${Math.min(100, share * 100).toFixed(1)}"></i></span>`)
    + cell("p99 of a batch", p99 ? seconds(p99[0] / 1e9) + dot(p99[1]) : "unknown")
    + cell("a month, your prices", `${money(f.price)}${dot("modelled")}${i && q.first > .01 ? `<small>${sig(f.price / q.first)} × the first</small>` : ""}`)
    + `<td class="pick">${tick(c.s)}</td></tr>`;
}
const tick = (s) => `<label class="cmp"><input type="checkbox" data-c="${s.strategy}" ${pair.includes(s.strategy) ? "checked" : ""}>compare<span class="sr"> ${s.strategy}</span></label>`;
const out = (j) => `<tr class="out"><td><span class="nm">${icon(j.c.s)}<span><s>${j.c.s.strategy}</s>${j.c.window ? ", " + seconds(j.c.window) : ""}<small>${where(j.c.s)}</small></span></span></td><td class="why" colspan="6">${why(j)}</td><td class="pick">${tick(j.c.s)}</td></tr>`;

function say(q, d) {
  const [a, b] = d.survivors, { t, n } = q, share = (perDay) => ofDelivered(t, perDay);
  const asked = `${sig(t.pings_per_s)} pings a second, ${pct(t.duplicates)} of them copies, half of these within ${seconds(t.lags.quantile(.5))} and the last after ${seconds(t.lags.longest())}; ${num(n.workers)} workers, ${n.redis === null ? "no Redis" : "Redis up to " + showBytes(n.redis)}, ${n.lost ? "losses up to " + pct(n.lost) : "nothing may be lost"}, nightly job ${n.nightly === null ? "off" : "on"}${n.numbers.length ? `; ${n.numbers.join(", ")} bent by at most ${pct(n.tolerance)}` : ""}`;
  $("#assumed").hidden = !n.numbers.length;
  $("#assumed").textContent = D.assumed;
  $("#kick").textContent = asked;
  into("#qs").html = `<b>change</b>${asked}`;
  if (a) {
    into("#say").html = `Take ${named(a.c)}: it loses ${a.f.lostPerYear ? `<b>${lossWords(a.f)}</b> pings a year` : "no pings"}, leaves <b>${pct(share(a.f.live))}</b> duplicates in what is delivered${a.c.stable === null ? "" : `, <b>${pct(share(a.f.left))}</b> after the nightly job`}, takes ${size(a.c, n)}, and costs <b>${money(a.f.price)}</b> a month.${a.f.speed?.ping[1] === "outside" ? " How fast it is with so many ids is outside what was measured." : ""}`;
    into("#then").html = (b ? `Next comes <b>${b.c.s.strategy}</b>${b.c.window ? ", " + seconds(b.c.window) : ""}, at ${money(b.f.price)} a month.` : "It is the only one that meets every requirement.") + ` ${d.excluded.length} of ${d.excluded.length + d.survivors.length} strategies ${d.excluded.length === 1 ? "fails" : "fail"} a requirement${d.excluded[0] ? `; nearest of them is <b>${d.excluded[0].c.s.strategy}</b>` : ""}.`;
  } else {
    const g = d.giveUp;
    into("#say").html = `<b>Nothing meets all of this.</b> ${g ? `Give up one requirement, ${g.fails[0].requirement}: then ${named(g.c)}, which ${failed(g.fails[0], g).join(" where ")}.` : "No single requirement stands in the way."}`;
    into("#then").html = "Each strategy below says what it fails, and by how much.";
  }
}
function windowsText(d, q) {
  const a = d.survivors[0], share = (perDay) => ofDelivered(q.t, perDay);
  if (!a?.c.window || a.c.s.own_window_s) { $("#hw").textContent = "What a longer window buys"; $("#hws").textContent = "Down is fewer duplicates, left is less memory. Dotted lines may lose pings."; return; }
  const longer = d.judged.filter((j) => j.c.s === a.c.s && j.c.size === a.c.size && j.c.window > a.c.window).sort((x, y) => x.c.window - y.c.window)[0];
  $("#hw").textContent = `${a.c.s.strategy} needs a window of ${seconds(a.c.window)} to stay below ${pct(q.n.missed)}`;
  $("#hws").textContent = (longer ? `With ${seconds(longer.c.window)} it would leave ${pct(share(longer.f.left))} and take ${showBytes(memoryOf(longer.c, q.n))} in the place of ${showBytes(memoryOf(a.c, q.n))}. ` : "") + "Down is fewer duplicates, left is less memory. Dotted lines may lose pings.";
}

// ---- any two
function beside(q, d) {
  const names = D.told.map((s) => s.strategy), order = [...d.survivors, ...d.excluded], both = pair.length === 2 ? pair : [order[0], order[1]].map((j) => j.c.s.strategy);
  const j = both.map((name) => order.find((j) => j.c.s.strategy === name)), share = (perDay) => ofDelivered(q.t, perDay);
  const choose = (i) => `<select data-pick="${i}" aria-label="Strategy ${i + 1}">${order.map((o) => `<option ${o.c.s.strategy === both[i] ? "selected" : ""}>${o.c.s.strategy}</option>`).join("")}</select>`;
  if (!j[0] || !j[1]) { pair = []; return; }
  const line = (label, show, value) => { const [x, y] = j.map(value); return `<tr><th scope="row">${label}</th>${j.map((one, i) => `<td class="${(i ? y < x : x < y) && show(j[0]) !== show(j[1]) ? "b" : ""}">${show(one)}</td>`).join("")}</tr>`; };
  const days = (v) => `${big(v)}<small>${pct(share(v))} of what is delivered</small>`;
  into("#beside").html = `<table class="beside"><thead><tr><th><span class="sr">figure</span></th><th scope="col">${choose(0)}</th><th scope="col">${choose(1)}</th></tr></thead><tbody>`
    + line("window", (o) => o.c.window ? seconds(o.c.window) : "none", () => 0) + line("duplicates live, a day", (o) => days(o.f.live), (o) => o.f.live)
    + (q.n.nightly === null ? "" : line("after the nightly job, a day", (o) => days(o.f.left), (o) => o.f.left)) + line("pings lost a year", (o) => lossWords(o.f), (o) => o.f.lostPerYear)
    + line("memory of a worker", (o) => o.c.worker ? showBytes(o.c.worker) : "none", (o) => o.c.worker) + line("Redis", (o) => o.f.maxmemory ? showBytes(o.f.maxmemory) : "none", (o) => o.f.maxmemory) + line("disk of a worker", (o) => o.c.disk ? showBytes(o.c.disk) : "none", (o) => o.c.disk)
    + line("a month", (o) => money(o.f.price), (o) => o.f.price) + line("p99 of a batch", (o) => o.f.speed ? seconds(o.f.speed.p99[0] / 1e9) + dot(o.f.speed.p99[1]) : "unknown", (o) => o.f.speed?.p99[0] ?? Infinity)
    + line("when a worker dies", (o) => o.c.s.marks === "at_check" ? "what it judged and had not published is lost" : "delivered again, kept", (o) => o.c.s.marks === "at_check" ? 1 : 0)
    + line("at a deploy", (o) => o.c.s.place === "worker" && o.c.window ? "forgets its window" : "forgets nothing", (o) => o.c.s.place === "worker" ? 1 : 0) + line("to operate", (o) => esc(o.c.s.operates), () => 0)
    + line("meets your requirements", (o) => o.fails.length ? `no, fails ${o.fails.map((f) => f.requirement).join(", ")}` : "yes", (o) => o.fails.length) + `</tbody></table><div id="breaks"></div>`;
  return both;
}
function breaks(rows, both, now) {
  const items = rows.flatMap((row) => [row.up, row.down]).filter(Boolean).sort((a, b) => Math.abs(Math.log(a.factor)) - Math.abs(Math.log(b.factor))).slice(0, 6);
  const other = both.find((name) => name !== now);
  into("#breaks").html = `<h3>Break-evens</h3><p class="sub">${now ? `Today <b>${now}</b> is the better of the two.` : "Today neither meets your requirements."} That changes, all else held:</p><ul class="be">`
    + (items.map((e) => { const s = D.told.find((s) => s.strategy === e.winner); return `<li style="--fam:${s ? colour(s) : "var(--harm)"}">${e.name} <b>${showStretch(e)}</b> (today ${showOf[e.kind](e.from)}): ${e.beyond?.turns ? "the better of the two comes and goes" : s ? `<b>${s.strategy}</b> is the better` : "<b>neither</b> fits"}</li>`; }).join("") || "<li>By no assumption within 64 times its value.</li>")
    + (now && items.length && !items.some((e) => e.winner === other) ? `<li>No one assumption, within 64 times its value, makes <b>${other}</b> the better.</li>` : "") + "</ul>";
}

// ---- the life of a ping, for each loss
function stories(q, d) {
  const ink = "var(--ink)", harm = "var(--harm)", kept = "var(--exact)", again = seconds(D.redelivery_s), gap = seconds(q.n.linger + q.n.publish);
  const order = [...d.survivors, ...d.excluded], at = order.find((j) => j.c.s.marks === "at_check" && isServer(j.c)) ?? order.find((j) => j.c.s.marks === "at_check"), after = order.find((j) => j.c.s.marks === "after_delivery" && j.c.window), filter = order.filter((j) => j.c.fp > 0 && j.c.fp < 1).sort((a, b) => b.c.fp - a.c.fp)[0], server = order.find((j) => j.c.s.marks === "at_check" && isServer(j.c)), forgets = order.find((j) => j.c.s.place === "worker" && j.c.window);
  const lease = after && [["0 ms", "arrives", ink], ["then", "leased or looked up, not yet marked", colour(after.c.s)], ["within " + gap, "the worker dies, nothing is published", harm], ["after " + again, "no ack came: redelivered", ink], ["then", "not marked: published, marked, kept", kept]];
  const all = [];
  if (at && lease) all.push({ key: "crash", label: "A worker dies", title: `How ${at.c.s.strategy} loses a ping when a worker dies, and ${after.c.s.strategy} does not`, sub: `Workers die ${often(q.n.crashes)}, each with ${sig(uniquesPerS(q.t) / q.n.workers * (q.n.linger + q.n.publish))} uniques in hand: ${at.c.s.strategy} loses ${at.c.s.place === "worker" ? "at most " : ""}${big(at.f.lost[1][1])} pings a year.${dot("modelled")} The nightly job cannot bring back what no table ever held.`,
    lanes: [{ name: at.c.s.strategy, steps: [["0 ms", "arrives", ink], ["then", "claimed: marked as seen", colour(at.c.s)], ["within " + gap, "the worker dies, nothing is published", harm], ["after " + again, "no ack came: redelivered", ink], ["then", "dropped as its own copy: lost", harm]] }, { name: after.c.s.strategy, steps: lease }] });
  if (filter) all.push({ key: "filter", label: "A filter errs", title: `How ${filter.c.s.strategy} loses a ping by mistake`, sub: `Of the uniques it takes up to ${pct(filter.c.fp)} for copies: at most ${big(filter.f.lost[0][1])} pings a year.${dot("modelled")}`,
    lanes: [{ name: filter.c.s.strategy, steps: [["0 ms", "arrives for the first time", ink], ["then", "its bits were set by others", colour(filter.c.s)], ["then", "dropped as a copy, acked: lost", harm]] }] });
  if (server && q.n.failovers) all.push({ key: "failover", label: "A failover takes an answer", title: `How ${server.c.s.strategy} loses a ping in a failover`, sub: `The Redis fails over ${often(q.n.failovers)}; claims on their way back for ${seconds(q.n.roundtrip)} are lost: ${big(server.f.lost[2][1])} pings a year.${dot("modelled")}`,
    lanes: [{ name: server.c.s.strategy, steps: [["0 ms", "arrives", ink], ["then", "claimed, and passed on to the replica", colour(server.c.s)], ["at once", "the primary dies, its answer with it", harm], ["after " + again, "redelivered", ink], ["then", "dropped as its own copy: lost", harm]] }] });
  if (forgets && q.n.restarts) all.push({ key: "deploy", label: "A deploy forgets (not lost)", title: `What a deploy costs ${forgets.c.s.strategy}: copies, not pings`, sub: `Deploys: ${often(q.n.restarts)}. All workers start anew with nothing in memory: ${big(forgets.f.delivered[3][1] / YEAR_S * DAY_S)} copies a day are let through for that.${dot("modelled")}`,
    lanes: [{ name: forgets.c.s.strategy, steps: [["0 ms", "arrives, marked, published", ink], ["later", "all workers are started again", "var(--ink3)"], ["then", "its copy arrives", ink], ["then", "let through: delivered twice", "var(--disk)"]] }] });
  return all;
}
function drawStory(q, d) {
  const all = stories(q, d), story = all.find((s) => s.key === life) ?? all[0];
  $("#hl").closest("section").hidden = !story;
  if (!story) return;
  $("#hl").textContent = story.title;
  into("#hls").html = story.sub;
  into("#lifepick").html = `<div class="seg" role="radiogroup" aria-label="Which loss">${all.map((s) => `<label><input type="radio" name="life" value="${s.key}" ${s === story ? "checked" : ""}>${s.label}</label>`).join("")}</div>`;
  into("#life").html = drawLife($("#life").clientWidth || 800, story.lanes);
}

// ---- what to do
function spec(c) {
  const ids = c.ids + Math.max(6 * (Math.floor(Math.sqrt(c.ids)) + 1) + 6, Math.floor(c.ids / 10)), w = c.window, long = w && [[DAY_S, "day"], [3600, "h"], [60, "m"], [1, "s"]].reduce(([t, left], [s, u]) => { const k = Math.floor(left / s); return [k ? t + k + (u === "day" && k > 1 ? "days" : u) : t, left - k * s]; }, ["", Math.round(w)])[0];
  const of = { window: () => long, ids: () => ids, rate: () => c.size.rate === null ? null : c.size.rate.toFixed(15).replace(/0+$/, "") };
  const given = c.s.settings.map(([name, follows]) => [name, of[follows]()]).filter(([, v]) => v !== null).map(([name, v]) => `${name}=${v}`);
  return c.s.strategy + (given.length ? ":" + given.join(",") : "");
}
function todo(d) {
  const a = d.survivors[0], box = (title, code) => `<div><h3>${title}<button type="button" data-copy>Copy</button></h3><pre>${esc(code)}</pre></div>`;
  into("#do").html = (a ? box("See it run", `dedup-harness run -p verify -f '^quick$' -s ${quoted(spec(a.c))}`) + (isServer(a.c) ? box("redis.conf", `maxmemory ${Math.ceil(a.f.maxmemory / 2 ** 20)}mb\n# better refused than forgotten\nmaxmemory-policy noeviction`) : "")
    + (a.c.s.place === "engine" && a.c.window ? box("Flink SQL", D.flink_sql.replace("{window}", Math.round(a.c.window))) + box("Spark", D.spark.replace("{window}", Math.round(a.c.window))) : "") : "") + box("The question, as a command", command());
}

// ---- drawing
let drawn = 0, Q, DECISION;
function draw() {
  const active = document.activeElement, again = active?.dataset?.c ? `[data-c="${active.dataset.c}"]` : active?.dataset?.pick ? `[data-pick="${active.dataset.pick}"]` : active?.name === "life" ? `[name="life"]:checked` : "";
  const q = Q = question(X), d = DECISION = decide(q.t, q.n);
  q.first = d.survivors[0]?.f.price;
  say(q, d);
  into("#rank tbody").html = d.survivors.map((j, i) => row(j, i, q)).join("") + (d.excluded.length ? `<tr class="grp"><td colspan="8"><b>Excluded</b>, nearest first, each at the window that comes closest</td></tr>` : "") + d.excluded.map(out).join("");
  for (const bar of document.querySelectorAll("[data-w]")) bar.style.width = bar.dataset.w + "%";
  into("#windows").html = drawWindows($("#windows").clientWidth || 800, q, d);
  windowsText(d, q);
  drawStory(q, d);
  const both = beside(q, d);
  todo(d);
  $("#foot").textContent = `${provenance()}. Times were measured on ${D.provenance.machine}. Which copies pass, sizes and losses are modelled: docs/ADVISE.md has every formula. Said nothing about: ${[...new Set([...D.left_out.map((o) => o.strategy), ...d.leftOut])].join(", ") || "none"}.`;
  save();
  if (again) $(again)?.focus();
  later(++drawn, q, d, both);
}
// What is shown of an earlier question meanwhile is dimmed, and not to be copied.
function busy(is) {
  $("#room").setAttribute("aria-busy", is);
  $('[data-fig="room"]').disabled = is;
}
// What takes longer is worked out piece by piece, so that fields stay quick.
async function later(turn, q, d, both) {
  const a = d.survivors[0]?.c.s, rows = [], two = [], pause = () => new Promise((go) => setTimeout(go));
  busy(true);
  for (const assumption of ASSUMPTIONS) for (const [list, only] of [[rows, null], [two, both]]) {
    if (turn !== drawn) return;
    const from = assumption.get(q);
    if (list === rows && !a || list === two && !both || !(from > 0)) continue;
    const [down, up] = [false, true].map((up) => change(q.t, q.n, assumption, up, only));
    if (down || up) list.push({ name: assumption.name, kind: assumption.kind, from, down, up });
    await pause();
  }
  if (turn !== drawn) return;
  const near = (row) => Math.min(...[row.down, row.up].filter(Boolean).map((c) => Math.abs(Math.log(c.factor))));
  rows.sort((x, y) => near(x) - near(y));
  const shown = rows.slice(0, 9), changes = [...shown, ...two].flatMap((row) => [row.down, row.up]).filter(Boolean);
  for (const one of changes) {
    if (turn !== drawn) return;
    one.beyond = beyond(q.t, q.n, one);
    await pause();
  }
  if (turn !== drawn) return;
  later.rows = shown;
  showRoom();
  if (both) breaks(two, both, winner(q.t, q.n, both)?.s.strategy);
  busy(false);
  document.body.dataset.ready = turn;
}
function showRoom() {
  const rows = later.rows, a = DECISION.survivors[0]?.c.s;
  if (!a) { $("#hr").textContent = "What would change the answer"; into("#room").html = "<p>No strategy is left, so there is no answer to move.</p>"; return; }
  if (!rows.length) { $("#hr").textContent = "No single assumption changes the answer within 64 times its value"; into("#room").html = `<p>${a.strategy} stays the answer.</p>`; return; }
  const nearest = [rows[0].down, rows[0].up].filter(Boolean).sort((x, y) => Math.abs(Math.log(x.factor)) - Math.abs(Math.log(y.factor)))[0], factor = Math.max(nearest.factor, 1 / nearest.factor);
  $("#hr").textContent = `The answer hangs most on the ${rows[0].name}: a factor of ${sig(factor)} changes it`;
  into("#room").html = drawRoom($("#room").clientWidth || 800, rows, colour(a));
}

// ---- form and address
const toSlider = (f, v) => Math.round(1000 * Math.min(1, Math.max(0, Math.log(v / f[3]) / Math.log(f[4] / f[3]))));
function form() {
  let o = "", open = false;
  for (const f of FIELDS) {
    const [name, label, kind] = f, id = "i-" + name.replace(".", "-"), about = D.needs.find(([n]) => n === name.split(".")[0])?.[2] ?? "";
    if (!kind) { o += (open ? "</details>" : "") + (label ? `<details class="more"><summary>${name}</summary>` : `<h2>${name}</h2>`); open = Boolean(label); continue; }
    const shown = X[name];
    if (Array.isArray(f[3])) {
      const choices = f[3].includes(shown) ? f[3] : [...f[3], shown], words = f[4] ?? [];
      o += `<div class="f"><span class="lab">${label}</span><div class="seg" role="radiogroup" aria-label="${label}" title="${esc(about)}">${choices.map((v, i) => `<label><input type="radio" name="${name}" value="${esc(v)}" ${shown === v ? "checked" : ""}>${esc(words[i] ?? v)}</label>`).join("")}</div></div>`;
    } else if (kind === "numbers") o += `<div class="f"><label for="${id}">${label}</label><input class="wide" type="text" id="${id}" data-k="${name}" value="${esc(shown)}" title="${esc(about)}" spellcheck="false" autocomplete="off"><small>none, or some of ${D.bends.map(([name]) => name).join(", ")}</small><small class="bad" id="${id}-bad"></small></div>`;
    else if (kind === "lags") o += `<div class="f"><label for="${id}">${label}</label><input class="wide" type="text" id="${id}" data-k="${name}" value="${esc(shown)}" spellcheck="false" autocomplete="off"><small>shares and lags, as 50%=10m,90%=8h,99.9%=3d, or nightly, as measured for Firefox</small><small class="bad" id="${id}-bad"></small></div>`;
    else { const v = read(name, shown), p = v === null || v === 0 ? (f[5] === "none" && name !== "redis" || name === "redis" ? 0 : 1000) : toSlider(f, v); o += `<div class="f"><label for="${id}">${label}<input type="text" id="${id}" data-k="${name}" value="${esc(shown)}" title="${esc(about)}" autocomplete="off"></label><input type="range" id="${id}-s" data-s="${name}" min="0" max="1000" value="${p}" aria-label="${label}" aria-valuetext="${esc(shown)}"><small class="bad" id="${id}-bad"></small></div>`; }
  }
  into("#fields").html = o + (open ? "</details>" : "");
  for (const s of document.querySelectorAll("[data-s]")) s.style.setProperty("--p", s.value / 10 + "%");
}
$("#fields").addEventListener("input", (e) => {
  const t = e.target, name = t.dataset.s ?? t.dataset.k ?? t.name, f = FIELDS.find((f) => f[0] === name), id = "#i-" + name.replace(".", "-");
  if (t.dataset.s) {
    X[name] = f[5] && t.value === (f[5] === "any" ? "1000" : "0") ? f[5] : WRITE[f[2]](f[3] * (f[4] / f[3]) ** (t.value / 1000));
    $(id).value = X[name]; t.setAttribute("aria-valuetext", X[name]); t.style.setProperty("--p", t.value / 10 + "%");
    $(id).removeAttribute("aria-invalid"); $(id + "-bad").textContent = "";
  } else if (t.dataset.k) {
    const text = t.value.trim(), v = read(name, text), bad = v === undefined;
    t.toggleAttribute("aria-invalid", bad); if (bad) t.setAttribute("aria-invalid", "true");
    $(id + "-bad").textContent = bad ? `means nothing; as in ${X0[name]}` : "";
    if (bad) return;
    X[name] = text;
    const s = $(id + "-s"); if (s && v) { s.value = toSlider(f, v); s.style.setProperty("--p", s.value / 10 + "%"); s.setAttribute("aria-valuetext", text); }
  } else X[name] = t.value;
  draw();
});
const inAddress = (text) => encodeURIComponent(text).replace(/%(2F|2C|3D)/g, decodeURIComponent);
function save() {
  const parts = Object.keys(X0).filter((name) => X[name] !== X0[name]).map((name) => `${name}=${inAddress(X[name])}`);
  if (pair.length) parts.push("compare=" + pair.join("+"));
  try { history.replaceState(null, "", location.pathname + location.search + (parts.length ? "#" + parts.join("&") : "")); } catch { /* an address that may not be changed */ }
}
// What a link asks for that cannot be asked here is said, and what was taken in its place.
function load() {
  X = { ...X0 }; pair = [];
  const odd = [], asked = new Map();
  for (const part of location.hash.slice(1).split("&").filter((part) => part.replace("=", ""))) {
    const at = part.indexOf("="), name = at < 0 ? part : part.slice(0, at);
    asked.set(name, [...asked.get(name) ?? [], part]);
  }
  for (const [name, parts] of asked) {
    const part = parts[parts.length - 1], words = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
    const text = words(part.slice(name.length + 1));
    if (parts.length > 1) odd.push([parts.map(words).join(" and "), "and a link can ask for one of them", `the last, ${words(part)}, was looked at`]);
    if (name === "compare") {
      const known = (c) => D.told.some((s) => s.strategy === c), both = text.split("+").filter(Boolean);
      odd.push(...both.filter((c) => !known(c)).map((c) => [`compare=${c}`, "which is no strategy here", "it was left out"]));
      if (both.length > 2) odd.push([`compare=${text}`, "and two are compared", "the first two were taken"]);
      pair = both.filter(known).slice(0, 2);
    } else if (!Object.hasOwn(X0, name)) odd.push([part, "which is no field here", "it was left out"]);
    else if (read(name, text) !== undefined) X[name] = text;
    else odd.push([`${name}=${text}`, notHere(name, text), `${X0[name]} was taken instead`]);
  }
  $("#odd").hidden = !odd.length;
  into("#odd").html = odd.map(([asks, why, taken]) => `<p>This link asks for <b>${esc(asks.length > 80 ? asks.slice(0, 79) + "…" : asks)}</b>, ${esc(why)}; ${esc(taken)}.</p>`).join("");
}
// Why a text is no answer to a field.
function notHere(name, text) {
  const value = KIND[name] === "share" ? READ.share(text) : null;
  if (name === "lost" && value > 0) return `of which this page was told no sizes of filters, only of ${["none", ...D.lost.map((lost) => lost.toExponential())].join(", ")}`;
  return "which means nothing there, or is out of range";
}

// ---- copying
function toast(t) { const e = $("#toast"); e.textContent = t; e.classList.add("on"); clearTimeout(toast.t); toast.t = setTimeout(() => e.classList.remove("on"), 2200); }
async function copy(t, said) {
  copy.last = t;
  try { await navigator.clipboard.writeText(t); } catch { const a = document.createElement("textarea"); a.value = t; document.body.append(a); a.select(); document.execCommand("copy"); a.remove(); }
  toast(said);
}
function figureOf(id) {
  const s = $(`#${id} svg`).cloneNode(true), style = getComputedStyle(document.documentElement);
  s.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = s.outerHTML.replace(/var\(--([a-z0-9]+)\)/g, (m, n) => style.getPropertyValue("--" + n).trim().replaceAll('"', "'"));
  return text.replace(/<svg([^>]*)>/, (m, rest) => `<svg${rest}><desc>${esc(provenance())}; modelled. ${esc(command())}</desc><style>text{font:13px sans-serif}.st{font-weight:600}</style>`);
}
function bibtex() {
  const a = DECISION.survivors[0], tex = (t) => t.replace(/[\\{}]/g, "").replace(/[%&#_$]/g, "\\$&");
  return `@misc{dedup-harness-decision,\n  title = {dedup-harness: ${a ? tex(a.c.s.strategy) : "no strategy"} at ${tex(sig(Q.t.pings_per_s))} pings a second},\n  note = {${tex(provenance())}},\n  howpublished = {\\texttt{${tex(command())}}}\n}`;
}
document.addEventListener("click", (e) => {
  const b = e.target.closest("button");
  if (!b) return;
  if (b.dataset.do === "link") copy(location.href, "Link copied: it carries the question");
  if (b.dataset.do === "repro") copy(command(), "Command copied");
  if (b.dataset.do === "cite") copy(bibtex(), "BibTeX copied: commit, seed, digest of the records");
  if (b.dataset.fig) $(`#${b.dataset.fig} svg`) ? copy(figureOf(b.dataset.fig), "SVG copied, with its provenance inside") : toast("On a narrow screen this figure is text");
  if ("copy" in b.dataset) copy(b.closest("div").querySelector("pre").textContent, "Copied");
});
document.addEventListener("change", (e) => {
  const t = e.target;
  if (t.dataset.c) { pair = t.checked ? [...pair, t.dataset.c].slice(-2) : pair.filter((c) => c !== t.dataset.c); draw(); toast(pair.length === 1 ? "Choose a second one to compare with" : pair.length === 2 ? "Compared below the list" : "Nothing chosen"); }
  if (t.dataset.pick) { const both = [...document.querySelectorAll("[data-pick]")].map((s) => s.value); pair = both; draw(); }
  if (t.name === "life") { life = t.value; draw(); }
});
addEventListener("hashchange", () => { load(); form(); draw(); });
let resizing;
addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(() => { if (!DECISION) return; into("#windows").html = drawWindows($("#windows").clientWidth || 800, Q, DECISION); drawStory(Q, DECISION); if (later.rows) showRoom(); }, 80); });
$("form.ask").addEventListener("submit", (e) => e.preventDefault());
if (innerWidth <= 960) $("#q").open = false;
load();
form();
draw();
