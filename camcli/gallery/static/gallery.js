"use strict";
// The script of a camcli report. Rows arrive in parts (rows/N.js), each a call with a string of
// JSON; names from them are only ever set as text, and pictures are named by digests.

(() => {
  const byId = (id) => document.getElementById(id);
  const rows = { image: [], folded: [], truth: [], change: [], original: [], box: [], runs: [] };
  const details = new Map();
  let about = null;
  let order = [];
  let partsLoaded = 0;
  let focused = 0;
  let viewing = false;
  let asked = null; // the image that the address wants to see closely, until it is shown

  // ---- loading -------------------------------------------------------------------------------

  function load(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = name;
      script.onload = () => { script.remove(); resolve(); };
      script.onerror = () => reject(new Error(`cannot load ${name}`));
      document.head.append(script);
    });
  }

  window.galleryAbout = (_, text) => {
    about = JSON.parse(text);
    rows.runs = about.runs.map(() => ({
      status: [], target: [], score: [], probability: [], error: [], thumb: [], heat: [], difference: [],
    }));
    start();
  };

  window.galleryRows = (_, text) => {
    const part = JSON.parse(text);
    append(rows, part, ["image", "truth", "change", "original", "box"]);
    for (const name of part.image) rows.folded.push(name.toLowerCase());
    part.runs.forEach((run, index) => append(rows.runs[index], run, Object.keys(rows.runs[index])));
    partsLoaded += 1;
  };

  window.galleryDetails = (part, text) => details.set(part, JSON.parse(text));

  // Control characters and direction marks are spelt out: they make `gpj.exe` look like `exe.jpg`.
  const UNRULY = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/gu;
  const plain = (text) => text.replace(UNRULY, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

  function append(to, from, names) {
    for (const name of names) for (const value of from[name]) to[name].push(value);
  }

  async function start() {
    fillChoices();
    readAddress();
    for (let part = 0; part < about.parts; part += 1) {
      await load(`rows/${part}.js`);
      if (part === 0) {
        if (rows.truth.some((value) => value !== null)) document.body.classList.add("has-truth");
        update();
        openAsked();
      }
    }
    if (rows.truth.some((value) => value !== null)) document.body.classList.add("has-truth");
    update();
    openAsked();
    document.body.dataset.ready = "yes";
  }

  // ---- filters, sorting, and the address that holds them ---------------------------------------

  const FIELDS = ["q", "status", "class", "truth", "right", "low", "high", "error", "sort"];

  function fillChoices() {
    const named = about.classes.map((name, index) => [name, index]);
    named.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    for (const id of ["class", "truth"]) {
      for (const [name, index] of named) {
        const option = document.createElement("option");
        option.value = String(index);
        option.textContent = plain(name);
        byId(id).append(option);
      }
    }
  }

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    asked = given.get("image");
    for (const name of FIELDS) {
      const value = given.get(name) ?? "";
      const isClass = name === "class" || name === "truth";
      byId(name).value = isClass && value ? String(about.classes.indexOf(value)) : value;
    }
  }

  function writeAddress() {
    const kept = new URLSearchParams();
    for (const name of FIELDS) {
      const value = byId(name).value;
      const isClass = name === "class" || name === "truth";
      if (value) kept.set(name, isClass ? about.classes[Number(value)] : value);
    }
    if (byId("viewer").open) kept.set("image", rows.image[order[focused]]);
    history.replaceState(null, "", `#${kept}`);
  }

  function matching(filter) {
    const found = [];
    for (let item = 0; item < rows.image.length; item += 1) if (filter(item)) found.push(item);
    return found;
  }

  function currentFilter() {
    const value = (name) => byId(name).value;
    const words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    const wordClasses = words.map((word) => new Set(
      about.classes.flatMap((name, index) => (name.toLowerCase().includes(word) ? [index] : [])),
    ));
    const [status, right] = [value("status"), value("right")];
    const [shown, truth] = [value("class"), value("truth")].map((v) => (v === "" ? null : Number(v)));
    const [low, high, error] = ["low", "high", "error"].map((n) => (value(n) === "" ? null : Number(value(n))));
    return (item) => {
      if (truth !== null && rows.truth[item] !== truth) return false;
      if (right && isRight(item) !== (right === "right")) return false;
      for (let i = 0; i < words.length; i += 1) {
        const inName = rows.folded[item].includes(words[i]);
        if (!inName && !rows.runs.some((run) => wordClasses[i].has(run.target[item]))) return false;
      }
      return rows.runs.some((run) => {
        if (run.status[item] === null) return false;
        if (status && run.status[item] !== status) return false;
        if (shown !== null && run.target[item] !== shown) return false;
        const probability = run.probability[item];
        if (low !== null && !(probability >= low && probability !== null)) return false;
        if (high !== null && !(probability <= high && probability !== null)) return false;
        return error === null || (run.error[item] !== null && run.error[item] >= error);
      });
    };
  }

  function isRight(item) {
    if (rows.truth[item] === null) return null;
    const answers = rows.runs.map((run) => run.target[item]).filter((target) => target !== null);
    return answers.length ? answers.every((target) => target === rows.truth[item]) : null;
  }

  const first = (name, item) => {
    for (const run of rows.runs) if (run[name][item] !== null) return run[name][item];
    return null;
  };

  // Each returns a number by which items are sorted, small first; null goes to the end.
  const KEYS = {
    unsure: (item) => first("probability", item),
    sure: (item) => negative(first("probability", item)),
    wrong: (item) => {
      const probability = first("probability", item);
      return probability === null ? null : (isRight(item) === false ? 0 : 2) - probability;
    },
    changed: (item) => rows.change[item],
    error: (item) => negative(first("error", item)),
  };
  const negative = (value) => (value === null ? null : -value);

  function sorted(items) {
    const by = byId("sort").value;
    if (by === "name") return items.sort((a, b) => (rows.folded[a] < rows.folded[b] ? -1 : rows.folded[a] > rows.folded[b] ? 1 : a - b));
    const key = KEYS[by];
    if (!key) return items;
    const keys = new Float64Array(rows.image.length);
    for (const item of items) keys[item] = key(item) ?? Infinity;
    return items.sort((a, b) => keys[a] - keys[b] || a - b);
  }

  function update() {
    const viewed = viewing ? order[focused] : undefined;
    order = sorted(matching(currentFilter()));
    focused = Math.max(order.indexOf(viewed), 0);
    for (const card of cards.values()) card.remove();
    cards.clear();
    const loading = partsLoaded < about.parts ? ` (loading ${about.items})` : "";
    byId("count").textContent = `${order.length} of ${rows.image.length} shown${loading}`;
    byId("nothing").hidden = order.length > 0;
    draw();
    if (viewing && order.length) showFocused();
  }

  // ---- the grid: only what is on the screen is in the page ------------------------------------

  const cards = new Map();
  const GAP = 10;
  const CAPTION = 82; // what a card is higher than its thumbnail
  const [LEAST, MOST] = [88, 1.3]; // of a thumbnail: pixels, and times its usual size

  function measures() {
    const grid = byId("grid");
    const usual = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--thumb"));
    const runs = rows.runs.length;
    const room = grid.clientWidth;
    const widthFor = (thumb) => runs * (thumb + 8) + 10;
    const across = Math.max(1, Math.floor((room + GAP) / (widthFor(usual) + GAP)));
    // Thumbnails fill the lines, but are never drawn much larger than they are, nor too small to see.
    const filling = (room - GAP * (across - 1)) / across;
    const thumb = Math.min(Math.max(Math.floor((filling - 10) / runs - 8), LEAST), usual * MOST);
    grid.style.setProperty("--thumb", `${thumb}px`);
    return { width: Math.min(widthFor(thumb), room), across, height: thumb + CAPTION };
  }

  function draw() {
    const grid = byId("grid");
    const { width, across, height } = measures();
    const lines = Math.ceil(order.length / across);
    grid.style.height = `${Math.max(lines * (height + GAP), 1)}px`;
    const top = -grid.getBoundingClientRect().top;
    const from = Math.max(0, Math.floor(top / (height + GAP)) - 2);
    const to = Math.ceil((top + innerHeight) / (height + GAP)) + 2;
    const wanted = new Set();
    for (let place = from * across; place < Math.min(order.length, to * across); place += 1) wanted.add(place);
    if (order.length) wanted.add(focused);
    for (const [place, card] of cards) if (!wanted.has(place)) { card.remove(); cards.delete(place); }
    for (const place of [...wanted].sort((a, b) => a - b)) {
      if (!cards.has(place)) { cards.set(place, cardOf(place)); grid.append(cards.get(place)); }
      const card = cards.get(place);
      card.style.width = `${width}px`;
      card.style.height = `${height}px`;
      card.style.left = `${(place % across) * (width + GAP)}px`;
      card.style.top = `${Math.floor(place / across) * (height + GAP)}px`;
      card.tabIndex = place === focused ? 0 : -1;
    }
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = plain(text);
    return made;
  }

  const className = (index) => (index === null ? "no target" : about.classes[index]);
  const percent = (value) => (value === null ? "" : `${(100 * value).toFixed(1)} %`);

  function cardOf(place) {
    const item = order[place];
    const card = element("button", "card");
    card.type = "button";
    const cells = element("span", "cells");
    const spoken = [rows.image[item]];
    rows.runs.forEach((run, index) => {
      const cell = element("span", "cell");
      if (run.thumb[item]) {
        const picture = element("img");
        picture.loading = "lazy";
        picture.decoding = "async";
        picture.alt = "";
        picture.src = run.thumb[item];
        cell.append(picture);
      } else {
        cell.append(element("span", "none", run.status[item] ?? "not in this run"));
      }
      const status = run.status[item];
      const wrong = rows.truth[item] !== null && run.target[item] !== null && run.target[item] !== rows.truth[item];
      const what = status === null ? "" : status === "failed" ? "failed" : className(run.target[item]);
      const mark = wrong ? "✗ " : "";
      cell.append(element("span", wrong || status === "failed" ? "what bad" : "what", `${mark}${what}`));
      const note = status === "degenerate" ? "degenerate" : percent(run.probability[item]);
      const name = rows.runs.length > 1 ? about.runs[index] : "";
      cell.append(element("span", "meta", [note, name].filter(Boolean).join(" · ")));
      cells.append(cell);
      spoken.push(`${rows.runs.length > 1 ? about.runs[index] : ""} ${what} ${note} ${wrong ? "wrong" : ""}`.trim());
    });
    const name = nameOf(rows.image[item]);
    if (rows.change[item] !== null) name.append(element("span", "alike", likeness(item)));
    card.append(cells, name);
    if (rows.change[item] !== null) spoken.push(likeness(item));
    spoken.push(`${place + 1} of ${order.length}`);
    card.setAttribute("aria-label", plain(spoken.filter(Boolean).join(", ")));
    card.addEventListener("click", () => { focused = place; openViewer(); });
    // A dialog that closes gives the focus back to where it was before, not to what is shown now.
    card.addEventListener("focus", () => { if (!viewing) focused = place; });
    return card;
  }

  // How alike the first run's map and the most different other one are.
  const likeness = (item) => `cosine ${rows.change[item].toFixed(3)}`;

  // The folders of a long name give way before the file's own name does.
  function nameOf(image) {
    const name = element("span", "name");
    const end = image.lastIndexOf("/") + 1;
    name.append(element("span", "folders", image.slice(0, end)), element("span", "file", image.slice(end)));
    return name;
  }

  function focusOn(place) {
    focused = Math.min(Math.max(place, 0), order.length - 1);
    const { across, height } = measures();
    const top = Math.floor(focused / across) * (height + GAP) + byId("grid").getBoundingClientRect().top;
    const sticky = getComputedStyle(byId("filters")).position === "sticky" ? byId("filters").offsetHeight : 0;
    if (top < sticky) scrollBy(0, top - sticky - GAP);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight + GAP);
    draw();
    cards.get(focused)?.focus({ preventScroll: true });
  }

  // ---- the viewer -----------------------------------------------------------------------------

  async function openViewer() {
    const viewer = byId("viewer");
    viewing = true;
    if (!viewer.open) viewer.showModal();
    await showFocused();
  }

  function openAsked() {
    const place = asked === null ? -1 : order.findIndex((item) => rows.image[item] === asked);
    if (place < 0) return;
    asked = null;
    focused = place;
    openViewer();
  }

  async function showFocused() {
    const item = order[focused];
    byId("viewer-title").textContent = plain(rows.image[item]);
    const alike = rows.change[item] === null ? "" : `${likeness(item)} · `;
    byId("position").textContent = `${alike}${focused + 1} of ${order.length}`;
    byId("stages").replaceChildren(...rows.runs.map((_, run) => stageOf(item, run)));
    showLayer();
    writeAddress();
    const part = Math.floor(item / about.itemsPerPart);
    if (!details.has(part)) await load(`rows/${part}.details.js`);
    if (order[focused] === item) {
      const found = details.get(part)[item % about.itemsPerPart];
      byId("details").replaceChildren(...found.filter(Boolean).map(detailsOf));
    }
  }

  function stageOf(item, index) {
    const run = rows.runs[index];
    const stage = element("figure", "stage");
    const canvas = element("div", "canvas");
    const source = rows.original[item] ?? run.thumb[item];
    if (source) {
      const photo = element("img", "photo");
      // As wide as there is room for, but never higher than the screen.
      photo.onload = () => {
        canvas.style.maxWidth = `calc(76vh * ${photo.naturalWidth / photo.naturalHeight})`;
      };
      photo.src = source;
      photo.alt = plain(rows.image[item]);
      canvas.append(photo);
    }
    for (const kind of ["heat", "difference"]) {
      if (!run[kind][item] || !rows.box[item]) continue;
      const layer = element("img", `layer ${kind}`);
      const [left, top, width, height] = rows.box[item].map((value) => `${100 * value}%`);
      Object.assign(layer.style, { left, top, width, height });
      layer.src = run[kind][item];
      layer.alt = kind === "heat" ? "saliency map" : "difference from the first run";
      canvas.append(layer);
    }
    const status = run.status[item] ?? "not in this run";
    const what = [about.runs[index], status === "ok" ? className(run.target[item]) : status, percent(run.probability[item])];
    if (rows.truth[item] !== null && run.target[item] !== null) {
      what.push(run.target[item] === rows.truth[item] ? "right" : `wrong: it is ${className(rows.truth[item])}`);
    }
    stage.append(canvas, element("figcaption", "", what.filter(Boolean).join(" · ")));
    return stage;
  }

  function showLayer() {
    const kind = document.querySelector("input[name=layer]:checked").value;
    const opacity = Number(byId("opacity").value) / 100;
    for (const canvas of document.querySelectorAll(".canvas")) {
      canvas.classList.toggle("bare", kind === "heat");
      canvas.classList.toggle("grey", kind === "difference");
      for (const layer of canvas.querySelectorAll(".layer")) {
        const shown = layer.classList.contains(kind === "difference" ? "difference" : "heat") && kind !== "original";
        layer.style.opacity = shown ? (kind === "heat" ? 1 : opacity) : 0;
      }
    }
    byId("opacity").disabled = kind === "original" || kind === "heat";
  }

  function detailsOf(row) {
    const list = element("dl");
    for (const [key, value] of Object.entries(row)) {
      if (key === "components") continue;
      list.append(element("dt", "", key.replaceAll("_", " ")), element("dd", "", told(value)));
    }
    (row.components?.weights ?? []).forEach((weight, index) => {
      const bar = element("dd");
      const meter = element("meter");
      meter.setAttribute("aria-label", `weight of component ${index + 1}`);
      Object.assign(meter, { min: 0, max: Math.max(...row.components.weights, 1e-12), value: Math.max(weight, 0) });
      const picture = row.components.pictures?.[index];
      if (picture) {
        const heat = element("img", "component");
        heat.src = picture;
        heat.alt = `component ${index + 1}`;
        bar.append(heat);
      }
      bar.append(meter, ` ${told(weight)}, ${percent(row.components.explained_variance?.[index] ?? null)} of the variance`);
      list.append(element("dt", "", `component ${index + 1}`), bar);
    });
    return list;
  }

  function told(value) {
    if (typeof value === "number") return Number.isInteger(value) ? String(value) : Number(value.toPrecision(6)).toString();
    if (Array.isArray(value)) return value.map(told).join(", ");
    if (value && typeof value === "object") {
      const said = Object.entries(value).filter(([, v]) => v !== null && v.length !== 0);
      return said.map(([k, v]) => `${k.replaceAll("_", " ")} ${told(v)}`).join(", ");
    }
    return String(value);
  }

  function step(by) {
    focused = Math.min(Math.max(focused + by, 0), order.length - 1);
    showFocused();
  }

  // ---- events ---------------------------------------------------------------------------------

  let drawing = false;
  const drawSoon = () => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => { drawing = false; draw(); });
  };
  addEventListener("scroll", drawSoon, { passive: true });
  addEventListener("resize", drawSoon);
  addEventListener("hashchange", () => { readAddress(); update(); openAsked(); });

  addEventListener("DOMContentLoaded", () => {
    const filters = byId("filters");
    filters.addEventListener("input", () => { update(); writeAddress(); });
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("reset", () => setTimeout(() => { update(); writeAddress(); }));
    byId("ask").addEventListener("click", () => byId("help").showModal());
    byId("close").addEventListener("click", () => byId("viewer").close());
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    byId("layers").addEventListener("change", showLayer);
    byId("opacity").addEventListener("input", showLayer);
    byId("viewer").addEventListener("close", () => { viewing = false; writeAddress(); focusOn(focused); });
  });

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const typing = event.target.matches("input, select, textarea");
    if (byId("viewer").open) {
      if (typing) return;
      if (event.key === "ArrowRight" || event.key === "ArrowDown") step(1);
      else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(-1);
      else if (event.key === "?") byId("help").showModal();
      else return;
      event.preventDefault();
      return;
    }
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: measures().across, ArrowUp: -measures().across };
    if (event.key === "/") byId("q").focus();
    else if (event.key === "?") byId("help").showModal();
    else if (event.key in moves && order.length) {
      const onCard = document.activeElement?.classList.contains("card");
      focusOn(onCard ? focused + moves[event.key] : focused);
    } else return;
    event.preventDefault();
  });
})();
