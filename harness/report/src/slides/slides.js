'use strict';
(() => {
  const root = document.documentElement;
  const slides = [...document.querySelectorAll('.slide')];
  const place = document.getElementById('place');
  const speaker = document.getElementById('speaker');
  const wanted = () => Math.min(slides.length, Math.max(1, Number((/^#slide-(\d+)$/.exec(location.hash) || [0, 1])[1])));
  const narrow = matchMedia('(max-width: 700px)');
  let at = 0;
  const go = (number, focus) => {
    at = Math.min(slides.length, Math.max(1, number));
    slides.forEach((slide, index) => slide.classList.toggle('on', index + 1 === at));
    place.textContent = at + ' / ' + slides.length;
    history.replaceState(null, '', '#slide-' + at);
    // On a phone they are a page to scroll.
    if (narrow.matches) { if (focus || at > 1) slides[at - 1].scrollIntoView(); }
    else if (focus) slides[at - 1].focus({ preventScroll: true });
  };
  const notes = () => {
    const on = root.classList.toggle('speaking');
    speaker.setAttribute('aria-pressed', String(on));
  };
  // A chart is built up, one strategy with each `b`; after the last all of them stand again.
  const built = new Map();
  const build = () => {
    const marked = [...slides[at - 1].querySelectorAll('svg [class*=" s"]')];
    const of = (element) => (/(?:^| )s(\d+)/.exec(element.getAttribute('class')) || [])[1];
    const order = [...new Set(marked.map(of).filter(Boolean))];
    if (!order.length) return;
    const count = ((built.get(at) ?? 0) + 1) % (order.length + 1);
    built.set(at, count);
    const shown = new Set(count ? order.slice(0, count) : order);
    marked.forEach((element) => { element.style.visibility = shown.has(of(element)) ? '' : 'hidden'; });
  };
  root.classList.add('deck');
  addEventListener('hashchange', () => { if (wanted() !== at) go(wanted(), true); });
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    if (onButton && (event.key === ' ' || event.key === 'Enter')) return;
    if (narrow.matches && /^(Arrow(Up|Down)|Page| $|Home|End)/.test(event.key)) return;
    const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ' ': 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
    if (step) go(at + step, true);
    else if (event.key === 'Home') go(1, true);
    else if (event.key === 'End') go(slides.length, true);
    else if (event.key === 'n' || event.key === 'N') notes();
    else if (event.key === 'b' || event.key === 'B') build();
    else return;
    event.preventDefault();
  });
  document.getElementById('back').addEventListener('click', () => go(at - 1, false));
  document.getElementById('next').addEventListener('click', () => go(at + 1, false));
  speaker.addEventListener('click', notes);
  go(wanted(), false);
})();
