"""What the tests ask of a page that is open in the browser."""

import json


def frame(browser):
    """The number of the frame that is shown."""
    return int(browser.run("document.getElementById('progress').getAttribute('aria-valuenow')"))


def last(browser):
    return int(browser.run("document.getElementById('progress').getAttribute('aria-valuemax')"))


def text(browser, selector):
    return browser.run(f"document.querySelector({json.dumps(selector)}).innerText.replace(/\\s+/g, ' ').trim()")


def panel(browser):
    return text(browser, "#panel section:not([hidden])")


def pressed(browser, name):
    return browser.run(f"document.getElementById('{name}').getAttribute('aria-pressed')") == "true"


OVERFLOW = """(() => {
  const wrong = [], inside = (a, b, by) =>
    a.left >= b.left - by && a.right <= b.right + by && a.top >= b.top - by && a.bottom <= b.bottom + by;
  const called = each => each.id || each.className.baseVal || each.className || each.tagName;
  const tell = each => `${called(each)}: ${each.textContent.slice(0, 40)}`;
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('the page is wider than the window');
  const panel = document.getElementById('panel'), room = panel.getBoundingClientRect();
  if (panel.scrollWidth > panel.clientWidth) wrong.push('the panel is wider than itself');
  for (const each of panel.querySelectorAll('section:not([hidden]) *, #score *')) {
    const box = each.getBoundingClientRect();
    if (!box.width || each.closest('[hidden]')) continue;
    const scroller = each.closest('figure');
    const beside = box.left < room.left - 0.5 || box.right > room.right + 0.5;
    if (!scroller && beside) wrong.push('beside the panel ' + tell(each));
    const holder = each.parentElement.closest('td, .card, .note, mark');
    if (holder && !inside(box, holder.getBoundingClientRect(), 1.5)) wrong.push('outside its cell ' + tell(each));
    const cut = each.matches('td, .note, figcaption, h2, button') && each.scrollWidth > each.clientWidth + 1;
    if (cut) wrong.push('too long ' + tell(each));
  }
  for (const each of document.querySelectorAll('header *, footer *, #lens button')) {
    const box = each.getBoundingClientRect();
    const outside = box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5;
    if (box.width && outside) wrong.push('outside the window ' + tell(each));
    if (each.tagName === 'BUTTON' && each.scrollWidth > each.clientWidth + 1) wrong.push('too long ' + tell(each));
  }
  for (const card of document.querySelectorAll('#stage g[id] > .card')) {
    const box = card.getBoundingClientRect();
    for (const each of card.parentNode.querySelectorAll('text, .grid rect'))
      if (!inside(each.getBoundingClientRect(), box, 0.5)) wrong.push('outside its card ' + tell(each));
  }
  for (const grid of document.querySelectorAll('#stage .grid')) {
    let cell = null;
    for (const each of grid.children) {
      const box = each.getBoundingClientRect();
      if (each.tagName === 'rect') cell = box;
      else if (box.left < cell.left || box.right > cell.right) wrong.push('outside its grid ' + tell(each));
    }
  }
  return wrong;
})()"""
"""Gives what is wider than its place: the parts of the panel, of cards and grids, of the window."""


CONTRAST = """(() => {
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = each => {
    const layers = [];
    for (; each; each = each.parentElement) layers.push(parse(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  // what the filter of the dark theme makes of a colour: invert(p), then hue-rotate(180deg)
  const filter = getComputedStyle(document.querySelector('#stage > svg')).filter;
  const p = filter === 'none' ? null : Number(/invert\\(([\\d.]+)\\)/.exec(filter)[1]);
  const shown = c => {
    if (p === null) return c;
    const [r, g, b] = c.slice(0, 3).map(v => v * (1 - p) + (255 - v) * p);
    const m = [[-.574, 1.43, .144], [.426, .43, .144], [.426, 1.43, -.856]];
    return m.map(row => Math.max(0, Math.min(255, row[0] * r + row[1] * g + row[2] * b)));
  };
  const poor = [];
  const check = (each, a, b, need) => {
    const found = ratio(a, b);
    const name = each.className.baseVal ?? each.className;
    if (found < need) poor.push(`${each.textContent.slice(0, 30)} (${name}): ${found.toFixed(2)}`);
  };
  for (const each of document.querySelectorAll('header *, #panel section:not([hidden]) *, footer *, #score *')) {
    if (![...each.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (each.closest('[hidden]') || each.closest(':disabled') || !each.getBoundingClientRect().width) continue;
    const under = ground(each);
    check(each, over(parse(getComputedStyle(each).color), under), under, 4.5);
  }
  for (const card of document.querySelectorAll('#stage g[id] > .card')) {
    const fill = shown(parse(getComputedStyle(card).fill));
    for (const each of card.parentNode.querySelectorAll('text')) {
      let under = fill;
      if (each.parentNode.matches('.grid')) {
        let cell = each.previousElementSibling;
        const style = getComputedStyle(cell);
        under = shown(over([...parse(style.fill).slice(0, 3), Number(style.fillOpacity)], parse(getComputedStyle(card).fill)));
      }
      check(each, shown(parse(getComputedStyle(each).fill)), under, each.matches('.c-pale') ? 2.4 : 4.4);
    }
  }
  return [...new Set(poor)];
})()"""
"""Gives the texts that stand out too little from what is behind them."""
