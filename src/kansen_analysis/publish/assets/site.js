// Everything here is extra: a page is complete without it.
(() => {
  "use strict";
  const root = document.body.dataset.root || "";
  const wide = { "site-nav": "(min-width: 48rem)", toc: "(min-width: 78rem)" };

  // Menu and contents are open; on a small screen they fold away.
  for (const [name, query] of Object.entries(wide)) {
    const details = document.querySelector(`.${name} > details`);
    if (!details) continue;
    const media = window.matchMedia(query);
    const fit = () => { details.open = media.matches; };
    media.addEventListener("change", fit);
    fit();
    details.querySelector("summary").addEventListener("click", (event) => {
      if (media.matches) event.preventDefault();
    });
  }

  // Whatever scrolls can be reached with the keyboard.
  const boxes = document.querySelectorAll(".cell-output-html, .cell-output-markdown, pre");
  const reachable = () => {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        if (box.tagName !== "PRE") {
          const caption = box.querySelector("caption, figcaption");
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", caption ? caption.textContent.trim() : "Breed onderdeel");
        }
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  };
  window.addEventListener("resize", reachable);
  window.addEventListener("load", reachable);

  // Tabs: the headings of the panels become the tabs.
  document.querySelectorAll(".tabset").forEach((tabset, number) => {
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

  // Search: the index is a script, loaded when someone begins to type, also from disk.
  const form = document.querySelector(".search");
  const input = form.querySelector("input");
  const state = form.querySelector(".search-state");
  const results = form.querySelector(".search-results");
  const MOST = 12;
  form.hidden = false;

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let index = null;
  let loading = null;
  const load = () => {
    loading ||= new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `${root}assets/search-index.js`;
      script.onload = () => {
        index = (window.kansenSearch || []).map(([href, page, heading, text]) => ({
          href, page, heading, text,
          inTitle: plain(page), inHeading: plain(heading), inText: plain(text),
        }));
        resolve();
      };
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

  const snippet = (entry, words) => {
    const at = Math.max(0, entry.inText.indexOf(words[0]) - 40);
    const piece = entry.text.slice(at, at + 140);
    return (at ? "… " : "") + piece + (at + 140 < entry.text.length ? " …" : "");
  };

  const clear = () => {
    results.replaceChildren();
    results.hidden = true;
    state.textContent = "";
  };

  const search = async () => {
    const words = plain(input.value).split(/\s+/).filter((word) => word.length > 1);
    if (!words.length) return clear();
    await load();
    const found = index
      .map((entry) => ({ entry, points: score(entry, words) }))
      .filter(({ points }) => points)
      .sort((a, b) => b.points - a.points);
    results.replaceChildren(...found.slice(0, MOST).map(({ entry }) => {
      const link = document.createElement("a");
      const title = document.createElement("strong");
      const text = document.createElement("span");
      link.href = root + entry.href;
      title.textContent = entry.heading ? `${entry.page} – ${entry.heading}` : entry.page;
      text.textContent = snippet(entry, words);
      link.append(title, text);
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    results.hidden = !found.length;
    const more = found.length > MOST ? `, de eerste ${MOST} staan hieronder` : "";
    state.textContent = found.length
      ? `${found.length} ${found.length === 1 ? "resultaat" : "resultaten"}${more}`
      : "Niets gevonden";
  };

  input.addEventListener("focus", load);
  input.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.focus();
  });
  form.addEventListener("keydown", (event) => {
    const links = [...results.querySelectorAll("a")];
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
