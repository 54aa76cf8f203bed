// Everything here is extra: a page is complete without it. Used by both engines.
(() => {
  "use strict";
  const root = document.body.dataset.root || "";
  const said = {
    filter: "Zoek in deze tabel",
    of: "van de {} rijen",
    values: "Waarden in deze figuur; de pijltjestoetsen lopen erlangs",
    first: ", de eerste {} staan hieronder",
    result: "resultaat",
    results: "resultaten",
    nothing: "Niets gevonden",
    ...JSON.parse(document.body.dataset.words || "{}"),
  };
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const make = (tag, attributes = {}, ...inner) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...inner);
    return made;
  };

  // Menu and contents are open; on a small screen they fold away.
  const wide = matchMedia("(min-width: 72rem)");
  for (const details of all(".fold-narrow")) {
    const fit = () => { details.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    details.querySelector("summary").addEventListener("click", (event) => {
      if (wide.matches) event.preventDefault();
    });
  }

  // What scrolls can be reached with the keyboard; what does not scroll is no stop on the way.
  const reachable = () => {
    for (const box of all(".kansen-scroll, .table-scroll, pre, .cell-output-html")) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
      if (!scrolls) {
        box.removeAttribute("tabindex");
        if (!box.ariaLabel) box.removeAttribute("role");
      } else if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) {
        box.tabIndex = 0;
        if (box.matches(".kansen-scroll, .table-scroll")) box.setAttribute("role", "region");
      }
    }
  };
  addEventListener("load", reachable);
  addEventListener("resize", reachable);
  document.addEventListener("toggle", reachable, true);

  // Tabs: the headings of the panels become the tabs.
  all(".tabset").forEach((tabset, number) => {
    const panels = [...tabset.children].filter((child) => child.matches(".tab-panel"));
    const list = document.createElement("div");
    list.setAttribute("role", "tablist");
    const tabs = panels.map((panel, i) => {
      const title = panel.querySelector(".tab-title");
      const tab = document.createElement("button");
      tab.type = "button";
      tab.textContent = title.textContent;
      tab.id = `tab-${number}-${i}`;
      panel.id = panel.id || `paneel-${number}-${i}`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.tabIndex = 0;
      title.classList.add("visually-hidden");
      list.append(tab);
      return tab;
    });
    const show = (chosen, focus) => {
      tabs.forEach((tab, i) => {
        tab.setAttribute("aria-selected", String(i === chosen));
        tab.tabIndex = i === chosen ? 0 : -1;
        panels[i].hidden = i !== chosen;
      });
      if (focus) tabs[chosen].focus();
    };
    tabs.forEach((tab, i) => tab.addEventListener("click", () => show(i, false)));
    list.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement);
      const last = tabs.length - 1;
      const to = {
        ArrowRight: at === last ? 0 : at + 1,
        ArrowLeft: at === 0 ? last : at - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      show(to, true);
    });
    // a link to something in a hidden panel opens that panel
    const follow = () => {
      const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      const at = target ? panels.findIndex((panel) => panel.contains(target)) : -1;
      if (at < 0) return;
      show(at, false);
      target.scrollIntoView();
    };
    tabset.prepend(list);
    tabset.classList.add("is-tabs");
    show(0, false);
    follow();
    window.addEventListener("hashchange", follow);
  });

  // Tables of many rows: sort by a column, and find a row.
  const collator = new Intl.Collator("nl", { numeric: true });
  const value = (cell) => {
    const text = cell?.textContent.trim() ?? "";
    const number = text.replace(/[\s\u202f]/g, "").replace("\u2212", "-").replace(",", ".");
    if (/^[+-]?\d+(\.\d+)?%?\*?$/.test(number)) return parseFloat(number);
    if (number === "<5") return 4.5;
    return ["", ".", "x"].includes(text) ? null : text;
  };
  const compare = (one, other) => {
    if (one === null || other === null) return (one === null) - (other === null);
    if (typeof one === "number" && typeof other === "number") return one - other;
    return collator.compare(String(one), String(other));
  };
  all("table.kansen-table, .table-scroll table").forEach((table, number) => {
    const body = table.tBodies[0];
    const rows = body ? [...body.rows] : [];
    const years = rows.every((row) => /^\d{4}-\d{4}/.test(row.cells[0]?.textContent.trim() ?? ""));
    const box = table.closest(".kansen-scroll, .table-scroll");
    if (rows.length <= 12 || years || table.tHead?.rows.length !== 1 || !box) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = make("button", { type: "button", className: "kansen-sort" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.ariaSort !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const known = (row) => value(row.cells[column]);
        const sorted = [...rows].sort((a, b) => {
          const [one, other] = [known(a), known(b)];
          const order = compare(one, other);
          return up || one === null || other === null ? order : -order;
        });
        body.append(...sorted);
      });
    });
    if (rows.length <= 15) return;
    const input = make("input", { type: "search", id: `rij-${number}`, autocomplete: "off" });
    const state = make("span");
    state.setAttribute("role", "status");
    const label = make("label", { htmlFor: input.id }, said.filter);
    box.before(make("div", { className: "kansen-filter" }, label, input, state));
    input.addEventListener("input", () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      let seen = 0;
      for (const row of rows) {
        const text = plain(row.textContent);
        row.hidden = !words.every((word) => text.includes(word));
        seen += !row.hidden;
      }
      state.textContent = words.length ? `${seen} ${said.of.replace("{}", rows.length)}` : "";
    });
  });

  // Figures: the value of the mark that is pointed at, or walked to with the arrow keys.
  for (const plot of all(".kansen-plot")) {
    const marks = all(".kansen-value", plot).map((mark) => {
      const title = mark.querySelector("title");
      const says = title.textContent;
      title.remove(); // the browser would show it too
      return { mark, says, svg: mark.closest("svg") };
    });
    if (!marks.length) continue;
    const tip = make("div", { className: "kansen-tip", hidden: true });
    const ring = make("span", { className: "kansen-ring", hidden: true });
    tip.setAttribute("role", "status");
    plot.append(ring, tip);
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", said.values);
    const seen = () => {
      const frame = plot.getBoundingClientRect();
      return marks.filter(({ svg }) => svg.checkVisibility()).map(({ mark, says }) => {
        const box = mark.getBoundingClientRect();
        return {
          says,
          x: box.left + box.width / 2 - frame.left,
          y: box.top + box.height / 2 - frame.top,
          half: [box.width / 2, box.height / 2],
        };
      });
    };
    let at = -1;
    const show = (spot) => {
      ring.hidden = tip.hidden = !spot;
      if (!spot) return;
      const { x, y, says } = spot;
      tip.textContent = says;
      for (const each of [ring, tip]) {
        each.style.left = `${x}px`;
        each.style.top = `${y}px`;
      }
      const room = tip.offsetWidth / 2;
      tip.style.left = `${Math.max(room, Math.min(plot.clientWidth - room, x))}px`;
    };
    plot.addEventListener("pointermove", (event) => {
      const frame = plot.getBoundingClientRect();
      const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
      const away = (spot) => Math.hypot(
        Math.max(0, Math.abs(spot.x - x) - spot.half[0]),
        Math.max(0, Math.abs(spot.y - y) - spot.half[1]),
      );
      const near = seen().reduce((best, spot) => (away(spot) < away(best) ? spot : best));
      show(away(near) <= 22 ? near : null);
    });
    plot.addEventListener("pointerleave", () => show(null));
    plot.addEventListener("blur", () => { at = -1; show(null); });
    plot.addEventListener("keydown", (event) => {
      const spots = seen().sort((a, b) => a.x - b.x || a.y - b.y);
      const last = spots.length - 1;
      const to = {
        ArrowRight: Math.min(at + 1, last),
        ArrowLeft: Math.max(at - 1, 0),
        ArrowDown: Math.min(at + 1, last),
        ArrowUp: Math.max(at - 1, 0),
        Home: 0,
        End: last,
      }[event.key];
      if (event.key === "Escape") { at = -1; show(null); }
      if (to === undefined || !spots.length) return;
      event.preventDefault();
      at = to;
      show(spots[at]);
    });
  }

  // Search: the index is a script, loaded when someone begins to type, also from disk.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const form = document.querySelector(".search");
  if (!form) return;
  const input = form.querySelector("input");
  const state = form.querySelector(".search-state");
  const results = form.querySelector(".search-results");
  const MOST = 12;
  const LONGEST = 180;
  form.hidden = false;

  let loading = null;
  const load = () => {
    loading ||= new Promise((resolve) => {
      const script = make("script", { src: `${root}assets/search-index.js` });
      script.onload = () => resolve((window.kansenSearch || []).map(([href, page, heading, text]) => ({
        href, page, heading, text,
        inTitle: plain(page), inHeading: plain(heading), inText: plain(text),
      })));
      document.head.append(script);
    });
    return loading;
  };

  const score = (entry, words) => {
    let total = 0;
    for (const word of words) {
      const found = (entry.inHeading.includes(word) ? 8 : 0)
        + (!entry.heading && entry.inTitle.includes(word) ? 12 : 0)
        + (entry.inText.includes(word) ? 1 : 0);
      if (!found) return 0;
      total += found;
    }
    return total;
  };

  // the sentence that says it, else the first
  const sentence = (entry, words) => {
    const each = entry.text.split(/(?<=[.!?])\s+/);
    const found = each.find((part) => words.every((word) => plain(part).includes(word)))
      ?? each.find((part) => words.some((word) => plain(part).includes(word))) ?? each[0] ?? "";
    if (found.length <= LONGEST) return found;
    const from = Math.max(0, plain(found).indexOf(words[0]) - LONGEST / 3);
    const start = from ? found.indexOf(" ", from) + 1 : 0;
    const piece = found.slice(start, start + LONGEST);
    return `${start ? "… " : ""}${piece.slice(0, piece.lastIndexOf(" "))} …`;
  };
  const marked = (text, words) => {
    const flat = plain(text);
    if (flat.length !== text.length) return [text];
    const spots = words.flatMap((word) => {
      const at = flat.indexOf(word);
      return at < 0 ? [] : [[at, at + word.length]];
    }).sort((a, b) => a[0] - b[0]);
    const parts = [];
    let done = 0;
    for (const [from, to] of spots) {
      if (from < done) continue;
      parts.push(text.slice(done, from), make("mark", {}, text.slice(from, to)));
      done = to;
    }
    return [...parts, text.slice(done)];
  };

  const clear = () => {
    results.replaceChildren();
    results.hidden = true;
    state.textContent = "";
  };

  const search = async () => {
    const words = plain(input.value).split(/\s+/).filter((word) => word.length > 1);
    if (!words.length) return clear();
    const index = await load();
    const found = index
      .map((entry) => ({ entry, points: score(entry, words) }))
      .filter(({ points }) => points)
      .sort((a, b) => b.points - a.points);
    results.replaceChildren(...found.slice(0, MOST).map(({ entry }) => {
      const title = entry.heading ? `${entry.page} – ${entry.heading}` : entry.page;
      const text = make("span", {}, ...marked(sentence(entry, words), words));
      return make("li", {}, make("a", { href: root + entry.href }, make("strong", {}, title), text));
    }));
    results.hidden = !found.length;
    const more = found.length > MOST ? said.first.replace("{}", MOST) : "";
    state.textContent = found.length
      ? `${found.length} ${found.length === 1 ? said.result : said.results}${more}`
      : said.nothing;
  };

  input.addEventListener("focus", load);
  input.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.focus();
  });
  form.addEventListener("keydown", (event) => {
    const links = all("a", results);
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      input.value = "";
      clear();
      input.focus();
    } else if (event.key === "ArrowDown" && links.length) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at ? links[at - 1] : input).focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) clear();
  });
})();
