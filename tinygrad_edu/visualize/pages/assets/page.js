"use strict";
(() => {
  const { frames, reveals } = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const stage = $("stage"), svg = stage.querySelector("svg"), panel = $("panel"), progress = $("progress");
  const sections = all("section.frame"), ways = $("ways");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const SPEEDS = [1, 2, 4, 0.5], PAUSE = 1900, TRAVEL = 650, LARGEST = 1.4;
  let at = -1, timer = 0, speed = 0, quiz = false, showWays = false, follow = false, animation = 0;

  // ---- when each number of the drawing appears

  // Many steps are drawn as one card, "u7" from step 7 on: it speaks for them, and is complete when all of them are.
  const folded = all("g[id^=u]", svg).map((each) => Number(each.id.slice(1)));
  const drawn = (id) => {
    if (!id || $(id) || id[0] !== "s") return id && $(id);
    const start = Math.max(...folded.filter((each) => each <= Number(id.slice(1))));
    return start >= 0 ? $(`u${start}`) : null;
  };
  for (const [id, when] of Object.entries(reveals)) {
    const card = drawn(id);
    if (!card || card.id === id) continue;
    const all = (reveals[card.id] ??= { f: 0, b: 0 });
    for (const key of "fb") all[key] = Math.max(all[key], when[key]);
  }
  const timed = []; // [element, frame]
  for (const [id, when] of Object.entries(reveals)) {
    const card = $(id);
    if (!card) continue;
    const due = (query, frame) => all(query, card).forEach((each) => timed.push([each, frame]));
    if ("f" in when) due(".forward", when.f);
    if ("b" in when) {
      all(".backward, .local", card).forEach((each) => {
        const term = when.t && /term(\d+)/.exec(each.getAttribute("class"));
        timed.push([each, term ? when.t[term[1]] : each.classList.contains("upstream") ? when.u ?? when.b : when.b]);
      });
    }
    if (id[0] === "s") {
      const edges = `[id^="e${id.slice(1)}-"], [data-edge^="e${id.slice(1)}-"]`;
      for (const edge of all(edges, svg)) timed.push([edge, when.b]);
    }
    if (id[0] === "f" && $("e" + id)) timed.push([$("e" + id), when.b]);
  }

  function reveal() {
    const due = quiz && pending().length ? at - 1 : at; // what this frame brings would give the answer away
    for (const [element, frame] of timed) element.classList.toggle("later", frame > due);
  }

  // ---- the walk

  function go(to, by = 0) {
    to = Math.max(0, Math.min(frames.length - 1, to));
    if (to === at) return;
    if (showWays) paths(false);
    at = to;
    const frame = frames[at];
    sections.forEach((each, i) => { each.hidden = i !== at; });
    panel.scrollTop = 0;
    all(".now", svg).forEach((each) => each.classList.remove("now"));
    const card = drawn(frame.c);
    if (card) card.classList.add("now");
    all("i", progress).forEach((each, i) => {
      each.classList.toggle("done", i <= at);
      each.classList.toggle("here", i === at);
    });
    const same = frames.filter((each) => each.p === frame.p).length;
    const place = frames.slice(0, at + 1).filter((each) => each.p === frame.p).length;
    const phase = frame.p === "start" ? "start" : `${frame.p} ${place} / ${same}`;
    $("phase").textContent = phase;
    $("phase").className = frame.p;
    progress.setAttribute("aria-valuenow", at);
    progress.setAttribute("aria-valuetext", `${phase}: ${sections[at].querySelector("h2").textContent}`);
    $("first").disabled = $("back").disabled = at === 0;
    $("next").disabled = $("last").disabled = at === frames.length - 1;
    if (at === frames.length - 1) play(false);
    ask();
    reveal();
    $("say").textContent = quiz && pending().length ? `${phase}. Type the gradient.` : `${phase}. ${frame.s}`;
    if (follow && card) centre(card);
    if (by === 1 && !calm.matches) travel(frame);
  }
  const step = (by) => go(at + by, by);

  function play(on = !timer) {
    clearTimeout(timer);
    timer = 0;
    if (on && at === frames.length - 1) go(0);
    const tick = () => { timer = setTimeout(() => { step(1); if (timer) tick(); }, PAUSE / SPEEDS[speed]); };
    if (on) tick();
    $("play").setAttribute("aria-pressed", String(on));
    $("play").querySelector("span").textContent = on ? "pause" : "play";
  }

  // A dot runs along each edge: forward from the input to the step, backward from the step to the input.
  function travel(frame) {
    cancelAnimationFrame(animation);
    all(".dot", svg).forEach((each) => each.remove());
    const card = drawn(frame.c);
    if (!card) return;
    const dots = frame.e.map((id) => $(id)).filter((path) => path && path.getTotalLength).map((path) => {
      const length = path.getTotalLength(), late = path.id[1] === "f";
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      dot.setAttribute("r", 5);
      dot.setAttribute("class", `dot ${frame.p}`);
      path.parentNode.append(dot);
      const away = late || (distance(path, 0, card) <= distance(path, length, card));
      return { path, length, dot, late, outward: away === (frame.p === "backward") };
    });
    const start = performance.now();
    const move = (now) => {
      const t = (now - start) * SPEEDS[speed] / TRAVEL;
      for (const { path, length, dot, late, outward } of dots) {
        const share = Math.max(0, Math.min(1, late ? t - 1 : t));
        const point = path.getPointAtLength(length * (outward ? share : 1 - share));
        dot.setAttribute("cx", point.x);
        dot.setAttribute("cy", point.y);
        dot.style.visibility = late && t < 1 ? "hidden" : "visible";
        if (share === 1) dot.remove();
      }
      if (t < 2) animation = requestAnimationFrame(move);
    };
    if (dots.length) move(start);
  }
  function distance(path, length, card) {
    const point = path.getPointAtLength(length).matrixTransform(path.getScreenCTM());
    const box = card.getBoundingClientRect();
    return Math.hypot(
      Math.max(box.left - point.x, 0, point.x - box.right), Math.max(box.top - point.y, 0, point.y - box.bottom));
  }

  // ---- quiz

  const done = new Map(); // a question's element -> whether it was answered at the first try
  const tried = new Set();
  const pending = () => all(".ask", sections[at]).filter((each) => !done.has(each));

  function parse(text) {
    const plain = text.trim().replace(/[\u2212\u2013\u2010\u2011\uFE63\uFF0D]/g, "-").replace(/\s+/g, "")
      .replace(/^([+-]?\d*),(\d+(?:e[+-]?\d+)?)$/i, "$1.$2").replace(/(?:\u00d7|\*)10(?:\^|\*\*)([+-]?\d+)$/, "e$1");
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  }

  function judge(question, text) {
    const typed = parse(text), answer = Number(question.dataset.answer), slack = Number(question.dataset.slack);
    if (Number.isNaN(typed)) return ["unclear", "Type a number, such as -2.64 or 1e-3."];
    if (Math.abs(typed - answer) <= slack) return ["right", "Right."];
    if (answer && Math.abs(typed + answer) <= slack) return ["wrong", "The size is right, the sign is not."];
    if (answer && Math.abs(typed - answer) <= 0.05 * Math.abs(answer)) return ["unclear", "Close: give three digits."];
    return ["wrong", "Not yet. Multiply what arrives by this step's own derivative."];
  }

  function ask() {
    all(".quiz, .verdict").forEach((each) => each.remove());
    all(".ask b").forEach((each) => { each.hidden = false; });
    all(".known").forEach((each) => { each.hidden = false; });
    all("[data-words]").forEach((each) => each.setAttribute("aria-label", each.dataset.words));
    $("score").hidden = !quiz;
    if (!quiz) return;
    const score = [...done.values()];
    $("score").querySelector("output").textContent =
      `${score.filter(Boolean).length} of ${score.length} at the first try, ${all(".frame .ask").length - score.length} to go`;
    const waiting = pending();
    sections[at].querySelectorAll(".note.sum").forEach((each) => { each.hidden = waiting.length > 0; });
    waiting.forEach((question) => pose(question));
    const first = sections[at].querySelector(".quiz input");
    if (first) {
      first.focus({ preventScroll: true });
      (first.closest(".card") || first).scrollIntoView({ block: "nearest" });
    } else if (panel.contains(document.activeElement)) panel.focus({ preventScroll: true });
  }

  function pose(question) {
    const box = document.createElement("span"), verdict = document.createElement("p");
    const place = question.closest(".card") || sections[at];
    question.querySelector("b").hidden = true;
    const equation = question.closest(".eq"), known = equation?.querySelector(".known");
    if (known) known.hidden = true;
    if (equation) {
      equation.dataset.words ??= equation.getAttribute("aria-label");
      equation.setAttribute("aria-label", "the gradient is asked for");
    }
    box.className = "quiz";
    box.innerHTML = '<input type="text" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="40" placeholder="?">';
    const controls = document.createElement("span");
    controls.className = "quiz";
    controls.innerHTML = '<button type="button" class="check">check</button><button type="button" class="hint">hint</button>';
    const input = box.querySelector("input");
    input.setAttribute("aria-label", `gradient of ${question.dataset.name}`);
    verdict.className = "verdict";
    verdict.setAttribute("role", "status");
    question.append(box);
    (question.closest("table") ? place : box).append(controls); // a cell has no room for them
    place.append(verdict);
    const check = () => {
      const [kind, words] = judge(question, input.value);
      verdict.className = `verdict ${kind}`;
      verdict.textContent = words;
      if (kind === "unclear") return;
      if (kind === "wrong") { tried.add(question); input.select(); return; }
      settle(!tried.has(question), words);
    };
    const settle = (first, words) => {
      done.set(question, first);
      ask();
      reveal();
      question.querySelector("b").classList.add("solved");
      $("say").textContent = pending().length ? words : `${words} ${frames[at].s}`;
      if (!pending().length) panel.focus({ preventScroll: true });
    };
    controls.querySelector(".check").onclick = check;
    controls.querySelector(".hint").onclick = ({ target }) => {
      if (verdict.dataset.hinted) {
        settle(false, `It is ${question.querySelector("b").textContent}.`);
        return;
      }
      tried.add(question);
      verdict.dataset.hinted = "1";
      if (known) known.hidden = false;
      verdict.className = "verdict";
      verdict.textContent = question.dataset.hint;
      target.textContent = "answer";
      input.focus();
    };
    input.onkeydown = (event) => {
      if (event.key === "Enter") { event.preventDefault(); check(); }
      if (event.key === "Escape") panel.focus({ preventScroll: true });
    };
  }

  const question = (from) =>
    frames.findIndex((_, i) => i >= from && all(".ask", sections[i]).some((each) => !done.has(each)));

  function setQuiz(on = !quiz) {
    quiz = on;
    $("quiz").setAttribute("aria-pressed", String(quiz));
    all(".note.sum").forEach((each) => { each.hidden = false; });
    if (quiz) {
      play(false);
      paths(false);
      const next = question(at);
      if (next >= 0 && next !== at) return go(next);
    }
    ask();
    reveal();
  }

  // ---- paths

  function paths(on) {
    if (on && !ways) { $("say").textContent = "Paths are shown for graphs of single numbers."; return; }
    if (on === showWays) return;
    showWays = on;
    $("paths").setAttribute("aria-pressed", String(on));
    if (!ways) return;
    ways.hidden = !on;
    sections.forEach((each, i) => { each.hidden = on || i !== at; });
    mark("");
    const card = drawn(frames[at].c);
    if (follow && card) { if (on) fit(); else centre(card); } // a path goes through the whole drawing
    if (!on) { reveal(); return; }
    play(false);
    if (quiz) setQuiz(false);
    timed.forEach(([element]) => element.classList.remove("later"));
    choose(ways.querySelector(".leaf[aria-pressed=true]") || ways.querySelector(".leaf"));
  }
  function mark(ids) {
    all(".way", svg).forEach((each) => each.classList.remove("way"));
    ids.split(" ").forEach((id) => id && $(id)?.classList.add("way"));
  }
  function choose(button) {
    all(".leaf", ways).forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
    all(".ways", ways).forEach((each) => { each.hidden = each.dataset.leaf !== button.dataset.leaf; });
    pick(ways.querySelector(".ways:not([hidden]) .path"));
    $("say").textContent = `${ways.querySelector("h2").textContent} from ${button.textContent}. ` +
      ways.querySelector(".ways:not([hidden]) .sum").textContent;
  }
  function pick(button) {
    all(".path", ways).forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
    mark(button ? button.dataset.edges : "");
  }

  // ---- the view: a viewBox that moves

  const whole = svg.viewBox.baseVal.width ? svg.viewBox.baseVal : svg.getBBox();
  const page = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let view = { ...page }, glide = 0;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
  const apply = () => svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const scale = () => Math.min(stage.clientWidth / view.w, stage.clientHeight / view.h) || 1;

  function look(to) {
    cancelAnimationFrame(glide);
    if (calm.matches) { view = to; apply(); return; }
    const from = { ...view }, start = performance.now();
    const move = (now) => {
      const t = Math.min(1, (now - start) / 320), s = t * t * (3 - 2 * t);
      for (const key of "xywh") view[key] = from[key] + (to[key] - from[key]) * s;
      apply();
      if (t < 1) glide = requestAnimationFrame(move);
    };
    glide = requestAnimationFrame(move);
  }
  function fit() {
    const k = Math.max(1, Math.min(stage.clientWidth / page.w, stage.clientHeight / page.h) / LARGEST); // a small one stays small
    look({ x: page.x - page.w * (k - 1) / 2, y: page.y - page.h * (k - 1) / 2, w: page.w * k, h: page.h * k });
  }
  function centre(card) {
    const box = card.getBBox(), matrix = svg.getScreenCTM().inverse().multiply(card.getScreenCTM());
    const x = matrix.a * (box.x + box.width / 2) + matrix.e, y = matrix.d * (box.y + box.height / 2) + matrix.f;
    const room = Math.min(stage.clientWidth / (box.width * matrix.a), stage.clientHeight / (box.height * matrix.d));
    const k = Math.max(0.4, Math.min(room * 0.9, 1.35));
    const w = stage.clientWidth / k, h = stage.clientHeight / k;
    look({ x: x - w / 2, y: y - h / 2, w, h });
  }
  function setFollow(on = !follow) {
    follow = on;
    $("follow").setAttribute("aria-pressed", String(on));
    const card = drawn(frames[at].c);
    if (!on || !card) fit(); else centre(card);
  }
  function zoom(factor, clientX, clientY) {
    cancelAnimationFrame(glide);
    const k = scale() / factor;
    if (k > 12 || k < 0.02) return;
    const box = stage.getBoundingClientRect();
    const point = new DOMPoint(clientX ?? box.x + box.width / 2, clientY ?? box.y + box.height / 2)
      .matrixTransform(svg.getScreenCTM().inverse());
    view = {
      x: point.x - (point.x - view.x) * factor, y: point.y - (point.y - view.y) * factor,
      w: view.w * factor, h: view.h * factor,
    };
    apply();
  }
  function pan(dx, dy) {
    cancelAnimationFrame(glide);
    const k = scale();
    view.x -= dx / k;
    view.y -= dy / k;
    apply();
  }
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const delta = event.deltaY * (event.deltaMode ? 20 : 1) * (event.ctrlKey ? 4 : 1);
    zoom(Math.exp(Math.max(-80, Math.min(80, delta)) * 0.003), event.clientX, event.clientY);
  }, { passive: false });
  const fingers = new Map();
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    fingers.set(event.pointerId, event);
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((each) => each.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    if (!other) return pan(event.clientX - before.clientX, event.clientY - before.clientY);
    const apart = (each) => Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY) || 1;
    zoom(apart(before) / apart(event), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));

  // ---- the bar and the keyboard

  frames.forEach((frame) => {
    const piece = document.createElement("i");
    piece.className = frame.p;
    progress.append(piece);
  });
  progress.classList.toggle("dense", frames.length > 80);
  progress.setAttribute("aria-valuemax", frames.length - 1);
  const seek = (event) => {
    const box = progress.getBoundingClientRect();
    go(Math.floor((event.clientX - box.x) / box.width * frames.length));
  };
  progress.addEventListener("pointerdown", (event) => { progress.setPointerCapture(event.pointerId); seek(event); });
  progress.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });

  const actions = {
    first: () => go(0), back: () => step(-1), next: () => step(1), last: () => go(frames.length - 1), play: () => play(),
    quiz: () => setQuiz(), paths: () => paths(!showWays), follow: () => setFollow(), ask: () => $("help").showModal(),
    fit: () => { setFollow(false); }, nearer: () => zoom(0.8), farther: () => zoom(1.25),
    speed: () => {
      speed = (speed + 1) % SPEEDS.length;
      $("speed").textContent = `${SPEEDS[speed]}×`;
      $("speed").setAttribute("aria-label", `speed: ${SPEEDS[speed]} times`);
    },
    theme: () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
  };
  for (const [id, act] of Object.entries(actions)) {
    $(id).addEventListener("click", act);
    $(id).addEventListener("mousedown", (event) => event.preventDefault()); // a click leaves the focus where it was: space plays
  }
  const KEYS = {
    ArrowLeft: "back", ArrowRight: "next", " ": "play", Home: "first", End: "last", q: "quiz", p: "paths", f: "follow", "?": "ask",
    "+": "nearer", "=": "nearer", "-": "farther",
  };
  addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const answered = quiz && !pending().length && !event.defaultPrevented && target.tagName !== "BUTTON";
    if (key === "Enter" && answered && question(at) >= 0) go(question(at));
    const name = KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (!name || (key === " " && target.tagName === "BUTTON")) return;
    // in the answer's box: letters that no number holds, and what moves, while there is nothing to move in
    if (target.tagName === "INPUT" && !/^[qpf?]$/i.test(key) && (target.value || /^[-+]$/.test(key))) return;
    event.preventDefault();
    actions[name]();
  });
  if (ways) {
    all(".leaf", ways).forEach((each) => { each.onclick = () => choose(each); });
    all(".path", ways).forEach((each) => { each.onclick = each.onfocus = () => pick(each); });
  } else {
    $("paths").disabled = true;
    $("paths").title = "for graphs of single numbers";
  }
  if (!document.querySelector(".ask")) $("quiz").disabled = true;

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = false;
  function theme(name, byReader = true) {
    chosen ||= byReader;
    document.documentElement.dataset.theme = name;
  }
  const system = () => { if (!chosen) theme(dark.matches ? "dark" : "light", false); };
  dark.addEventListener("change", system);
  addEventListener("resize", () => { if (follow && drawn(frames[at].c)) centre(drawn(frames[at].c)); });
  system();
  fit();
  go(0);
  if (scale() < 0.8) setFollow(true); // too small to be read as a whole
})();
