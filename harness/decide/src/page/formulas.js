const D = JSON.parse(document.getElementById("data").textContent);
// The formulas of dedup-decide. Each function names its twin in Rust; a test holds them to each other on a grid of questions.
// What a strategy is told by (sizes, which copies pass, curves) is in D, written by the program.
const YEAR_S = 365.25 * 86400, DAY_S = 86400, GIB = 2 ** 30, SERVER_RESERVE = 1.1, SLICES = 100;
const LOST_BY_DEFAULT = 1e-6, MOST_IDS = 2 ** 40, NO_LAG_S = -1, PIECES = 8, ROUNDS = 3;

// decide::traffic::Lags; points of seconds and shares.
class Lags {
  constructor(points) { this.points = points; this.cut = {}; }
  // within
  within(seconds) {
    const p = this.points;
    let lo = 0, hi = p.length;
    while (lo < hi) { const m = (lo + hi) >> 1; if (p[m][0] <= seconds) lo = m + 1; else hi = m; }
    if (lo === p.length) return 1;
    const [bl, bs] = lo ? p[lo - 1] : [0, 0], [l, s] = p[lo];
    return bs + (s - bs) * Math.max(0, seconds - bl) / Math.max(l - bl, 1e-12);
  }
  // quantile
  quantile(share) {
    const p = this.points;
    let lo = 0, hi = p.length;
    while (lo < hi) { const m = (lo + hi) >> 1; if (p[m][1] < share) lo = m + 1; else hi = m; }
    const at = Math.min(lo, p.length - 1), [bl, bs] = at ? p[at - 1] : [0, 0], [l, s] = p[at];
    return s - bs <= 0 ? l : bl + (l - bl) * Math.min(1, Math.max(0, (share - bs) / (s - bs)));
  }
  // longest
  longest() { return this.points[this.points.length - 1][0]; }
  // slices
  slices() { return this.sliced ??= Array.from({ length: SLICES }, (_, i) => this.quantile((i + .5) / SLICES)); }
  // with_share_after
  withShareAfter(seconds, share) {
    const within = this.within(seconds);
    if (within <= 0 || within >= 1) return null;
    const earlier = 1 - share;
    const moved = this.points.map(([l, u]) => l <= seconds ? [l, Math.min(u * earlier / within, earlier)] : [l, Math.max(1 - (1 - u) * share / (1 - within), earlier)]);
    moved.splice(this.points.filter(([l]) => l <= seconds).length, 0, [seconds, earlier]);
    return new Lags(moved);
  }
  // decide::forgetting::Left
  leftWithin(seconds, before) {
    const cut = this.cut[before] ??= (() => {
      const ends = [...this.points.map(([l]) => l), before * DAY_S, (before + 1) * DAY_S].sort((a, b) => a - b);
      let sum = 0, from = 0;
      return ends.map((to) => { sum += this.leftOf(from, to, before); from = to; return [to, sum]; });
    })();
    let lo = 0, hi = cut.length;
    while (lo < hi) { const m = (lo + hi) >> 1; if (cut[m][0] <= seconds) lo = m + 1; else hi = m; }
    const [at, sum] = lo ? cut[lo - 1] : [0, 0];
    return lo === cut.length ? sum : sum + this.leftOf(at, seconds, before);
  }
  leftOf(from, to, before) {
    const stays = (lag) => Math.min(1, Math.max(0, lag / DAY_S - before));
    return (this.within(to) - this.within(from)) * (stays(from) + stays(to)) / 2;
  }
}

// decide::traffic::Traffic::ids_in
function idsIn(t, seconds) {
  const c = t.counted_ids, i = c.filter(([l]) => l < seconds).length, before = c[i - 1], after = c[i], uniques = t.pings_per_s * (1 - t.duplicates);
  if (before && after) return before[1] * Math.pow(after[1] / before[1], Math.log(seconds / before[0]) / Math.log(after[0] / before[0]));
  if (after) return after[1] * seconds / after[0];
  if (before) return before[1] + uniques * (seconds - before[0]);
  const busy = Math.min(seconds, 3600), late = t.duplicates * (1 - t.lags.within(seconds));
  return (1 - t.duplicates + late) * (t.busiest_per_s * busy + t.pings_per_s * (seconds - busy));
}
const uniquesPerS = (t) => t.pings_per_s * (1 - t.duplicates);
const copiesPerS = (t) => t.pings_per_s * t.duplicates;
// share_of_delivered, copies_that_may_pass
const ofDelivered = (t, perDay) => perDay / (uniquesPerS(t) * DAY_S + perDay);
const mayPass = (t, share) => share * (1 - t.duplicates) / ((1 - share) * t.duplicates);

// advise::windows
function windows(t, n) {
  const longest = Math.max(t.lags.longest(), 600), all = D.lengths_s;
  const lengths = all.slice(0, Math.min(all.length, all.filter((l) => l < longest).length + 1));
  if (t.duplicates > 0) for (const part of [1, .5, .1]) {
    const caught = 1 - mayPass(t, n.missed) * part;
    if (caught <= 0) continue;
    const seconds = Math.floor(Math.round(Math.max(1, t.lags.quantile(Math.min(1, caught))) * 1e9) / 1e9), unit = seconds > DAY_S ? 3600 : 60;
    lengths.push(Math.ceil((seconds + 1) / unit) * unit);
  }
  return [...new Set(lengths)].sort((a, b) => a - b);
}

// advise::candidates::rates: which of the sizes that were told; the nearest that loses no more.
function sizesFor(s, n) {
  const own = s.sizes[0], more = s.sizes.slice(1);
  if (!more.length) return [own];
  const nearest = (rate) => more.filter((z) => z.rate <= rate * 1.0001).pop() ?? more[0];
  if (!(n.lost > 0)) return [nearest(LOST_BY_DEFAULT / 2)];
  const sized = own.forgets.at_random ? [nearest(n.lost / 2)] : [nearest(n.lost / 2), nearest(n.lost / 10)];
  return own.false_positives[0] > n.lost ? sized : [own, ...sized];
}

// decide::page::Pieces
function piecesAt(pieces, ids) {
  let lo = 0, hi = pieces.length;
  while (lo < hi) { const m = (lo + hi) >> 1; if (pieces[m][0] <= ids) lo = m + 1; else hi = m; }
  if (!lo) return 0;
  const [from, low, high] = pieces[lo - 1], next = pieces[lo]?.[0] ?? MOST_IDS;
  return low + (high - low) * (ids - from) / (next - from);
}
// contract::settings::with_headroom
const withHeadroom = (ids) => ids + Math.max(6 * (Math.floor(Math.sqrt(ids)) + 1) + 6, Math.floor(ids / 10));
// structures::shards::share_of
function shareOf(ids, workers) {
  const mean = ids / workers;
  return Math.min(Math.max(1, Math.ceil(mean + 4 * Math.sqrt(mean * (1 - 1 / workers)))), Math.max(1, ids));
}

// decide::forgetting::Forgetting::passing: shares at lags, straight in between; all pass that come before the first.
const from = (lag) => ({ before: NO_LAG_S, after: [[lag, 1]] });
const growing = (lag, by) => ({ before: NO_LAG_S, after: Array.from({ length: PIECES + 1 }, (_, i) => [lag + by * i / PIECES, i / PIECES]) });
const RULES = {
  at_once: () => from(NO_LAG_S),
  never: () => from(Infinity),
  at_window_end: (_, { window }) => from(window),
  after_mark: (_, { window, n, beforeMark }) => ({ before: beforeMark(), after: [[window + n.publish, 1]] }),
  leased: (rule, { window, n }) => rule.lease_s > n.publish && rule.redelivery_s + n.publish + 2 * n.linger < window ? from(window + n.publish) : null,
  in_slices: (slices, { window }) => growing(window, window / slices),
  in_generations: (rule, { window, worker, written }) => { const lasts = rule.ids * worker / written; return growing(Math.min(window, rule.kept * lasts), lasts); },
  least_recently_seen: (own, { window, ids, t }) => {
    const room = own ?? ids, uniques = uniquesPerS(t), copies = copiesPerS(t);
    if ((uniques + copies) * window < room * .95) return from(window);
    const idle = room / (uniques + copies / 2);
    return copies < .1 * uniques && Math.abs(idle / window - 1) >= .1 ? from(Math.min(window, idle)) : null;
  },
  at_random: (shares, { worker, written }) => ({ before: NO_LAG_S, after: shares.map(([ids, share]) => [ids * worker / written, share]) }),
};
// decide::forgetting::Passing::share
function passes({ before, after }, within) {
  const at = (lag) => within(Math.max(lag, before)), [lag, share] = after[after.length - 1];
  let sum = within(before) + (within(Infinity) - at(lag)) * share;
  for (let i = 1; i < after.length; i++) sum += (at(after[i][0]) - at(after[i - 1][0])) * (after[i][1] + after[i - 1][1]) / 2;
  return sum;
}
// decide::forgetting::Forgetting::missed
function missedShares(s, { forgets, several }, t, n, sized) {
  const [name, rule] = typeof forgets === "string" ? [forgets] : Object.entries(forgets)[0];
  const beforeMark = () => {
    const perS = t.pings_per_s / (s.by_key ? n.workers : 1), open = Math.min((n.batch - 1) / perS, n.linger);
    return Math.max(n.publish, open * (1 + 1 / (1 + perS * open)) / 2);
  };
  const live = (passing) => passes(passing, (x) => t.lags.within(x));
  const passing = (again) => RULES[name](rule, { ...sized, t, n, beforeMark, written: (uniquesPerS(t) + copiesPerS(t) * again) / n.workers });
  let found = passing(0);
  if (!found) return null;
  if (name === "in_generations" || name === "at_random") for (let i = 0; i < ROUNDS; i++) found = passing(live(found));
  const one = { live: live(found), stable: n.nightly === null ? null : passes(found, (x) => t.lags.leftWithin(x, n.nightly)) };
  return t.copies > 1 && several.length ? ofSeveral(several, one, n, sized.window) : one;
}
// Where pings have several copies each, the program samples: how far that was from one, at the nearest window that was told.
function ofSeveral(several, one, n, window) {
  const far = ([told]) => Math.abs(Math.log((told + 1) / (window + 1))), share = (x) => Math.round(Math.min(1, Math.max(0, x)) * 1e12) / 1e12;
  const [, byLive, byStable] = several.reduce((best, other) => far(other) < far(best) ? other : best), live = share(one.live + byLive);
  const stable = n.nightly === D.nightly && byStable !== null ? share(one.stable + byStable) : share(one.stable * (one.live > 0 ? live / one.live : 1));
  return { live, stable: one.stable === null ? null : stable };
}

// advise::candidates; the same traffic is asked about again and again.
const MEMO = new WeakMap(), keyOf = (n) => [n.missed, n.lost, n.nightly, n.publish, n.linger, n.batch, n.workers].join(" ");
function candidates(t, n) {
  if (!MEMO.has(t)) MEMO.set(t, new Map());
  const memo = MEMO.get(t), key = keyOf(n), all = windows(t, n);
  if (!memo.has(key)) {
    if (memo.size > 40) memo.clear();
    const unsaid = new Set(), found = D.told.flatMap((s) => {
      const sizes = sizesFor(s, n), longest = windowsOf(s, all).at(-1), tried = sizes.flatMap((size, at) => windowsFrom(s, size, t, n, all, true).map((window) => [window, at]));
      const there = tried.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([window, at]) => [window, candidate(s, sizes[at], window, t, n, 1)]).filter(([, c]) => c);
      if (!there.some(([window]) => window === longest)) unsaid.add(s.strategy);
      return there.map(([, c]) => c);
    });
    memo.set(key, Object.assign(found, { unsaid }));
  }
  return memo.get(key);
}
const windowsOf = (s, all) => s.own_window_s ? [s.own_window_s] : all;
// advise::candidates::Theory::shortest, windows_from_the_shortest; with the `shorter` ones, too, if they are asked for.
function windowsFrom(s, size, t, n, all, shorter) {
  if (s.own_window_s || t.copies > 1) return windowsOf(s, all);
  const isEnough = (window) => {
    const missed = sizedFor(s, size, window, t, n).missed;
    if (!missed || isTooMuch(missed, t, n.missed)) return false;
    const c = { s, size, ids: 0, window: s.has_window ? window : null, live: missed.live, stable: missed.stable, gap: s.since_marked ? n.publish : 0, fp: 0, worker: 0, server: 0, disk: 0 };
    return ofDelivered(t, assess(c, t, n).left) <= n.missed;
  };
  const first = all.findIndex(isEnough);
  if (first < 0) return all;
  const found = shortest(first ? all[first - 1] : 0, all[first], isEnough);
  return [...new Set([...(shorter ? all.slice(0, first) : []), found, ...all.slice(first)])];
}
// advise::windows::shortest
function shortest(short, enough, isEnough) {
  const minutes = DAY_S / 60, length = (at) => Math.min(at, minutes) * 60 + Math.max(0, at - minutes) * 3600;
  const place = (length) => Math.floor(Math.min(length, DAY_S) / 60) + Math.floor(Math.max(0, length - DAY_S) / 3600);
  let before = place(short), found = place(enough);
  if (length(found) < enough) found++;
  while (found - before > 1) { const middle = before + ((found - before) >> 1); if (isEnough(length(middle))) found = middle; else before = middle; }
  return Math.min(length(found), enough);
}
// What it is sized for, and what it misses then.
function sizedFor(s, size, window, t, n) {
  const ids = Math.ceil(Math.max(1, s.forever ? uniquesPerS(t) * YEAR_S : idsIn(t, window))), planned = s.with_headroom ? withHeadroom(ids) : ids, worker = shareOf(planned, n.workers);
  return { ids, planned, worker, missed: missedShares(s, size, t, n, { window, ids: planned, worker }) };
}
const isTooMuch = (missed, t, most) => ofDelivered(t, (missed.stable ?? missed.live) * copiesPerS(t) * DAY_S) > most * (1 + 1e-9);
// advise::candidates::Theory::candidate; none of what lets more through than `most`, a share of what is delivered.
function candidate(s, size, window, t, n, most) {
  const { ids, planned, worker, missed } = sizedFor(s, size, window, t, n);
  if (!missed || isTooMuch(missed, t, most)) return null;
  return {
    s, size, ids, window: s.has_window ? window : null, live: missed.live, stable: missed.stable,
    gap: s.since_marked ? n.publish : 0, fp: size.false_positives[0] + size.false_positives[1] * planned,
    worker: piecesAt(size.of_worker, worker) + piecesAt(size.of_all, planned) / n.workers, server: piecesAt(size.server, planned), disk: piecesAt(size.disk, planned) / n.workers,
  };
}
const isServer = (c) => c.s.place === "server" || c.s.place === "open_server";
// Candidate::remembers_s
const remembers = (c) => c.window ?? (c.live < 1 ? Infinity : 0);

// records::curve::Curve::at; figure 1 is a ping's time, 2 a batch's p99.
function curveAt(points, figure, ids) {
  const line = (a, b) => a[figure] + (b[figure] - a[figure]) * (Math.log(Math.max(ids, 1)) - Math.log(a[0])) / (Math.log(b[0]) - Math.log(a[0]));
  const above = points.filter((p) => p[0] < ids).length, low = points[above - 1], high = points[above];
  if (high && high[0] === ids) return [high[figure], "measured"];
  if (low && high) return [line(low, high), "measured"];
  if (high) return [high[figure], "outside"];
  const before = points[above - 2];
  return [Math.max(before ? line(before, low) : low[figure], low[figure]), "outside"];
}

// decide::speed::speed
function speed(c, t, n) {
  const m = c.s.curve, same = c.size.same_settings;
  if (!m || !m.points.length) return null;
  const ids = isServer(c) ? c.ids : c.ids / n.workers, perS = t.busiest_per_s / n.workers;
  const batch = Math.min(n.batch, Math.max(1, perS * n.linger)), trips = c.s.round_trips * n.roundtrip * 1e9, larger = Math.max(1, batch / Math.max(1, m.batch));
  const at = (figure, factor, trips) => {
    let [value, origin] = curveAt(m.points, figure, Math.ceil(ids));
    if (!same) origin = "outside";
    if (origin === "measured" && (factor > 1 || trips > 0)) origin = "modelled";
    return [value * factor + trips, origin];
  };
  const ping = at(1, 1, trips / batch), p99 = at(2, larger, trips);
  return { ping, p99, busy: [ping[0] * 1e-9 * perS, ping[1]] };
}

// decide::loss::price
const price = (c, n) => (n.price.memory * c.worker * n.workers + n.price.disk * c.disk * n.workers + n.price.redis * c.server * SERVER_RESERVE) / GIB;

// decide::loss::assess: with MissedBy, Emptied, failovers and losses.
function assess(c, t, n) {
  const copies = copiesPerS(t) * YEAR_S, room = copies * (1 - c.live), after = Math.min(1 - t.lags.within(remembers(c)), c.live), before = Math.min(t.lags.within(c.gap), c.live - after);
  const emptied = emptiedOf(c, t, n), failed = n.failovers * copiesPerS(t), replica = isServer(c) ? failed * n.replication : 0, outage = c.s.place === "open_server" ? 2 * failed * n.outage : 0;
  const delivered = [["come after the window", copies * after], ["come between the check and the mark", copies * before], ["what it forgot within the window", copies * (c.live - after - before)],
    ["what a restart or a crash forgot", Math.min(copies * emptied.live, room)], ["while the server is away", Math.min(outage, room)], ["what the replica did not have", Math.min(replica, room)]];
  const atCheck = c.s.marks === "at_check", inHand = uniquesPerS(t) / n.workers * (n.linger + n.publish), inFlight = isServer(c) ? uniquesPerS(t) * n.roundtrip : 0;
  const lost = [["taken for copies by mistake", uniquesPerS(t) * YEAR_S * c.fp, true], ["marked and not published when a worker died", atCheck ? n.crashes * inHand : 0, c.s.place === "worker"],
    ["claimed by a command whose answer a failover took", atCheck ? n.failovers * inFlight : 0, false]];
  const sum = (terms) => terms.reduce((all, term) => all + term[1], 0), live = sum(delivered) / YEAR_S * DAY_S;
  return { delivered, lost, live, left: c.stable === null ? live : Math.min(copies * (c.stable + emptied.stable) + outage + replica, copies) / YEAR_S * DAY_S,
    lostPerYear: sum(lost), atMost: lost.some((term) => term[1] > 0 && term[2]), maxmemory: c.server * SERVER_RESERVE, price: price(c, n), speed: speed(c, t, n) };
}
function emptiedOf(c, t, n) {
  const perS = (n.restarts + n.crashes / n.workers) / YEAR_S;
  if (c.s.place !== "worker" || perS === 0 || c.live >= 1) return { live: 0, stable: 0 };
  const window = Math.max(remembers(c), t.lags.quantile(1 - c.live));
  let live = 0, stable = 0;
  for (const lag of t.lags.slices()) if (lag < window) {
    const gone = -Math.expm1(-perS * lag);
    live += gone;
    if (n.nightly !== null) stable += gone * Math.min(1, Math.max(0, lag / DAY_S - n.nightly));
  }
  return { live: live / SLICES, stable: stable / SLICES };
}

// impact::predict::whoever, by the kind of a number; what its kinds have in common stands in needs::numbers.
const quotient = (above, below) => (1 + above) / (1 + below) - 1;
const WHOEVER = {
  counts: (copies, loss) => copies - loss, users: (copies, loss) => -loss, retention: (copies, loss) => quotient(0, -loss), step: () => 0,
  rate: (copies, loss) => { const [none, whole] = [0, -loss].map((users) => quotient(copies - loss, users)); return Math.abs(none) > Math.abs(whole) ? none : whole; },
};
// Bent::errors
function bent(f, t, n) {
  const copies = f.left / (uniquesPerS(t) * DAY_S), loss = f.lostPerYear / (uniquesPerS(t) * YEAR_S);
  return D.bends.filter(([name]) => n.numbers.includes(name)).map(([name, kind]) => [name, Math.abs(WHOEVER[kind](copies, loss)), n.tolerance]);
}
const isNumber = (requirement) => D.bends.some(([name]) => name === requirement);

// decide::decision::failures
function failures(c, f, t, n) {
  const p99 = f.speed?.p99 ?? [0, "outside"], busy = f.speed?.busy ?? [0, "outside"];
  return [["lost", f.lostPerYear / (uniquesPerS(t) * YEAR_S), n.lost], ["missed", ofDelivered(t, f.left), n.missed], ["p99", p99[0] / 1e9, n.p99 ?? Infinity, p99[1]],
    ["memory", c.worker, n.memory], ["disk", c.disk, n.disk], ["redis", f.maxmemory, n.redis ?? 0], ["workers", busy[0], 1, busy[1]], ...bent(f, t, n)]
    .filter(([, found, allowed]) => found > allowed)
    .map(([requirement, found, allowed, origin]) => ({ requirement, found, allowed, origin: origin ?? "modelled", times: allowed > 0 ? found / allowed : Infinity }))
    .sort((a, b) => b.times - a.times || 0);
}

// decide::decision::order, compare, nearness
const sevenDigits = Math.fround;
const order = (f) => [Math.round(f.price * 100), sevenDigits(f.left), sevenDigits(f.lostPerYear)];
const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
const near = (j, times) => [j.fails.length, ...times.map(sevenDigits).sort((a, b) => b - a || 0), sevenDigits(j.f.price)];
const compared = (f) => f.requirement === "lost" && f.allowed <= 0 ? f.found / LOST_BY_DEFAULT : f.times;
const nearness = (j) => near(j, j.fails.map(compared)), byWindow = (j) => near(j, j.fails.filter((f) => f.allowed > 0).map((f) => f.times));
function by(key) {
  return (a, b) => { const [x, y] = [key(a), key(b)]; for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i] - y[i]; return x.length - y.length; };
}
function bestOfEach(judged, key) {
  const seen = new Set();
  return judged.sort(by(key)).filter((j) => !seen.has(j.c.s.strategy) && seen.add(j.c.s.strategy));
}

// decide::decision::decide_knowing
function decide(t, n) {
  const { unsaid } = candidates(t, n), isUnsaid = (j) => unsaid.has(j.c.s.strategy) && j.fails.some((f) => f.requirement === "missed" || isNumber(f.requirement)), judged = candidates(t, n).map((c) => { const f = assess(c, t, n); return { c, f, fails: failures(c, f, t, n) }; });
  const survivors = bestOfEach(judged.filter((j) => !j.fails.length), (j) => order(j.f)), names = new Set(survivors.map((j) => j.c.s.strategy));
  const beats = (a, b) => order(a.f).every((v, i) => v <= order(b.f)[i]) && order(a.f).some((v, i) => v < order(b.f)[i]);
  for (const j of survivors) j.front = !survivors.some((other) => beats(other, j));
  const best = bestOfEach(judged.filter((j) => j.fails.length && !names.has(j.c.s.strategy)), byWindow), excluded = best.sort(by(nearness)).filter((j) => !isUnsaid(j));
  const shown = new Set([...survivors, ...excluded].map((j) => j.c.s.strategy)), leftOut = D.told.map((s) => s.strategy).filter((name) => !shown.has(name));
  return { survivors, excluded, leftOut, judged, giveUp: survivors.length || excluded[0]?.fails.length !== 1 ? null : excluded[0] };
}

// decide::sensitivity::winner::Best; what is the same goes by its place.
class Best {
  c = null; key = null; place = 0;
  isBelow(cents) { return this.key !== null && this.key[0] < cents; }
  meet(c, place, t, n) {
    const f = assess(c, t, n), key = order(f);
    if ((!this.key || (compare(key, this.key) || place - this.place) < 0) && !failures(c, f, t, n).length) [this.c, this.key, this.place] = [c, key, place];
  }
}
const cents = (c, n) => Math.round(price(c, n) * 100);
// decide::sensitivity::winner: windows and sizes are chosen anew. `only` leaves the others out; who is likely to win comes `first`.
function winner(t, n, only, first) {
  const best = new Best(), asked = (s) => !only || only.includes(s.strategy), known = MEMO.get(t)?.get(keyOf(n));
  // of_candidates: where there are candidates already, as a limit or a price was varied.
  if (known) {
    for (const [cost, c, place] of known.map((c, place) => [cents(c, n), c, place]).filter(([, c]) => asked(c.s)).sort((a, b) => a[0] - b[0])) {
      if (best.isBelow(cost)) break;
      best.meet(c, place, t, n);
    }
    return best.c;
  }
  // of_ladders: from the shortest window on, as far as there may be something better.
  const all = windows(t, n), ladders = D.told.filter(asked).flatMap((s) => sizesFor(s, n).map((size) => [s, size])).map(([s, size], place) => [s, size, place]);
  for (const [s, size, place] of ladders.sort((a, b) => (a[0].strategy !== first) - (b[0].strategy !== first)))
    for (const window of windowsFrom(s, size, t, n, all, false)) {
      const c = candidate(s, size, window, t, n, n.missed);
      if (c && best.isBelow(cents(c, n))) break;
      if (c) best.meet(c, place, t, n);
    }
  return best.c;
}

// decide::sensitivity::assumptions
const LATE_S = [[600, "10 min"], [3600, "1 h"], [DAY_S, "24 h"]];
const need = (name, of = (n) => n) => ({ get: (q) => of(q.n)[name], set: (q, v) => { q.n = { ...q.n, price: { ...q.n.price } }; of(q.n)[name] = v; } });
const prices = (n) => n.price;
const ASSUMPTIONS = [
  { name: "rate of pings", kind: "rate", get: (q) => q.t.pings_per_s, set: (q, v) => { q.t = scaled(q.t, v / q.t.pings_per_s); } },
  { name: "share of duplicates", kind: "share", get: (q) => q.t.duplicates, set: (q, v) => { q.t = { ...q.t, duplicates: v }; } },
  ...LATE_S.map(([s, name]) => ({ name: `copies after ${name}`, kind: "share", get: (q) => { const late = 1 - q.t.lags.within(s); return late > 0 && late < 1 ? late : null; },
    set: (q, v) => { q.t = { ...q.t, lags: q.t.lags.withShareAfter(s, v) ?? q.t.lags }; } })),
  { name: "losses allowed", kind: "share", ...need("lost") }, { name: "duplicates allowed", kind: "share", ...need("missed") }, { name: "p99 allowed", kind: "time", ...need("p99") },
  { name: "memory of a worker", kind: "bytes", ...need("memory") }, { name: "disk of a worker", kind: "bytes", ...need("disk") }, { name: "size of the Redis", kind: "bytes", ...need("redis") },
  { name: "crashes", kind: "often", ...need("crashes") }, { name: "restarts", kind: "often", ...need("restarts") }, { name: "failovers", kind: "often", ...need("failovers") },
  { name: "price of memory", kind: "money", ...need("memory", prices) }, { name: "price of Redis", kind: "money", ...need("redis", prices) }, { name: "price of disk", kind: "money", ...need("disk", prices) },
];
// What was counted grows with the rate, as Question::traffic has it.
const scaled = (t, by) => ({ ...t, pings_per_s: t.pings_per_s * by, busiest_per_s: t.busiest_per_s * by, counted_ids: t.counted_ids.map(([l, ids]) => [l, ids * by]) });

// decide::sensitivity::Unit::rounded: three digits as it is shown, no less or no more.
const BYTES = [2 ** 40, 2 ** 30, 2 ** 20, 2 ** 10], TIMES = [1, 1e-3, 1e-6];
const shownIn = (kind, v) => kind === "share" ? .01 : kind === "bytes" ? BYTES.find((s) => v >= s) ?? 1 : kind === "time" ? TIMES.find((s) => v >= s) ?? 1e-9 : 1;
function rounded(kind, v, up) {
  const scale = shownIn(kind, v), shown = v / scale, power = 2 - Math.floor(Math.log10(shown)), digits = shown * 10 ** power;
  const whole = Math.abs(digits - Math.round(digits)) < 1e-6 ? Math.round(digits) : up ? Math.ceil(digits) : Math.floor(digits);
  return Number((Number(`${whole}e${-power}`) * scale).toPrecision(12));
}

// decide::sensitivity::Search::change: step by step, then by halves.
const FURTHEST = 64, STEPS = 18, CLOSE = 1.005, SHORTEST = 1.03, RETURNS = [1.01, 1.02, 1.04, 1.07], WITHIN = [.25, .5, .75];
const between = (from, to, part) => from * (to / from) ** part, EVEN = Array.from({ length: STEPS }, (_, i) => (i + 1) / STEPS);
// search::turn: the last value at which it holds, and the first at which it does not.
function turn(from, steps, holds) {
  let near = from, far = null;
  for (const step of steps) { if (!holds(step)) { far = step; break; } near = step; }
  if (far === null) return null;
  while (Math.max(far / near, near / far) > CLOSE) { const middle = Math.sqrt(far * near); if (holds(middle)) near = middle; else far = middle; }
  return [near, far];
}
// Who is the answer where it has this value; who is `likely` to be it comes first.
function answerAt(t, n, assumption, value, only, likely) {
  const q = { t, n };
  assumption.set(q, value);
  return winner(q.t, q.n, only, likely)?.s.strategy ?? null;
}
function change(t, n, assumption, up, only) {
  const from = assumption.get({ t, n });
  if (!(from > 0)) return null;
  const most = assumption.kind === "share" ? .99 : Infinity, last = up ? Math.min(from * FURTHEST, most) : from / FURTHEST;
  if (up && last <= from) return null;
  const now = winner(t, n, only)?.s.strategy ?? null, at = (value) => answerAt(t, n, assumption, value, only, now);
  const turned = turn(from, EVEN.map((part) => between(from, last, part)), (value) => at(value) === now);
  if (!turned) return null;
  let to = Math.min(rounded(assumption.kind, turned[1], up), most), wins = at(to);
  if (wins === now) [to, wins] = [turned[1], at(turned[1])];
  return { name: assumption.name, kind: assumption.kind, from, to, factor: to / from, winner: wins, up, last, only };
}
// Search::beyond: nothing where the answer stays; its end and who follows, with `others` where that one does not stay; or `turns`.
function beyond(t, n, { name, to, last, up, winner: wins, only }) {
  const assumption = ASSUMPTIONS.find((one) => one.name === name), at = (value) => answerAt(t, n, assumption, value, only, wins), isBeyond = (value, other) => up ? value > other : value < other, holds = (value) => at(value) === wins;
  const steps = EVEN.map((part) => between(to, last, part ** 2)), turned = isBeyond(last, to) ? turn(to, steps, holds) : null;
  if (!turned) return null;
  const [held, gone] = turned, short = rounded(assumption.kind, held, !up), inside = WITHIN.map((part) => between(to, short, part));
  const isStretch = !isBeyond(to, short) && [short, ...inside].every(holds), until = isStretch ? short : held;
  const near = RETURNS.map((by) => up ? until * by : until / by).filter((value) => isBeyond(last, value));
  if (!isStretch || Math.max(until / to, to / until) < SHORTEST || near.some((value) => isBeyond(value, gone) && holds(value)))
    return { turns: [...new Set([wins, ...[...inside, gone, ...near, ...steps].map(at)])] };
  const then = at(gone);
  return { until, then, others: !steps.filter((value) => isBeyond(value, gone)).every((value) => at(value) === then) };
}
