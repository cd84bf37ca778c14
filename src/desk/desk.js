// The desk's one script. Every page works without it; with it there is a finder,
// keys, a quick theme switch, and parts that refresh when the ledger moves.
"use strict";

(() => {
  const body = document.body;
  const said = document.getElementById("said");

  const say = (text) => { if (said) said.textContent = text; };

  // The theme at once, without a new page.
  const order = ["auto", "light", "dark"];
  const dark = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
  const theme = document.querySelector("[data-theme-next]");
  const remembered = (name, value) => {
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
  };
  if (theme) {
    theme.addEventListener("click", (event) => {
      event.preventDefault();
      const next = theme.dataset.themeNext;
      document.documentElement.dataset.theme = next;
      document.getElementById("dark").media = dark[next];
      remembered("duban-theme", next);
      const zh = document.documentElement.lang.startsWith("zh");
      const words = zh ? ["随系统", "浅色", "深色"] : ["Auto", "Light", "Dark"];
      theme.textContent = words[order.indexOf(next)];
      theme.dataset.themeNext = order[(order.indexOf(next) + 1) % order.length];
    });
  }

  // Sheets are printed.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => window.print());
  }

  // Menus close when one clicks elsewhere or presses Escape.
  const menus = [...document.querySelectorAll("details.menu")];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });

  // Filters apply as they are chosen.
  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", () => form.requestSubmit());
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
  }

  // The finder.
  const finder = document.getElementById("finder");
  const field = document.getElementById("finder-q");
  const found = document.getElementById("finder-found");
  let asking = 0;
  const ask = async () => {
    const mine = ++asking;
    const text = field.value.trim();
    if (!text) { found.replaceChildren(); return; }
    const address = new URL(body.dataset.search, location.href);
    address.searchParams.set("q", text);
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page.querySelector(".found");
    if (mine === asking && list) found.replaceChildren(list);
  };
  const links = () => [...found.querySelectorAll("a")];
  const openFinder = (text) => {
    if (!finder || finder.open) return;
    finder.showModal();
    field.value = text || "";
    field.focus();
  };
  if (finder) {
    let wait;
    field.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(ask, 120); });
    finder.addEventListener("keydown", (event) => {
      const all = links();
      const place = all.indexOf(document.activeElement);
      if (event.key === "ArrowDown" && all.length) { event.preventDefault(); all[Math.min(place + 1, all.length - 1)].focus(); }
      if (event.key === "ArrowUp" && all.length) { event.preventDefault(); (place > 0 ? all[place - 1] : field).focus(); }
      if (event.key === "Enter" && document.activeElement === field) {
        event.preventDefault();
        if (all.length) all[0].click();
      }
    });
    finder.addEventListener("click", (event) => { if (event.target === finder) finder.close(); });
  }

  // Keys: Ctrl-K or / to find, j and k through rows, x to select, Enter to open.
  const rows = () => [...document.querySelectorAll("table[data-rows] tbody tr")];
  let row = -1;
  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    row = Math.max(0, Math.min(all.length - 1, row + by));
    all.forEach((one, place) => one.toggleAttribute("aria-selected", place === row));
    all[row].querySelector("a")?.focus({ preventScroll: true });
    all[row].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openFinder(); return; }
    if (event.key === "Escape") for (const menu of menus) menu.open = false;
    if (typing || event.ctrlKey || event.metaKey || event.altKey || finder?.open) return;
    if (event.key === "/") { event.preventDefault(); openFinder(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "x") rows()[row]?.querySelector("[data-pick]")?.click();
  });

  // Selected rows can be copied as a list.
  const picks = () => [...document.querySelectorAll("[data-pick]")];
  const all = document.querySelector("[data-pick-all]");
  all?.addEventListener("change", () => { for (const pick of picks()) pick.checked = all.checked; chosen(); });
  const bar = document.querySelector("[data-chosen]");
  const chosen = () => {
    const marked = picks().filter((pick) => pick.checked);
    if (!bar) return;
    bar.hidden = marked.length === 0;
    bar.querySelector("b").textContent = marked.length;
  };
  document.addEventListener("change", (event) => { if (event.target.matches?.("[data-pick]")) chosen(); });
  bar?.querySelector("button")?.addEventListener("click", async () => {
    const marked = picks().filter((pick) => pick.checked);
    await navigator.clipboard.writeText(marked.map((pick) => pick.dataset.pick).join("\n"));
    say(bar.dataset.copied);
  });

  // What changes on the ledger changes on the page: the page is asked for again,
  // and the parts that differ are put in with a short fade.
  const stream = body.dataset.stream;
  if (stream && "EventSource" in window) {
    let wait = 0, under = false, again = false;
    const refresh = async () => {
      if (under) { again = true; return; }
      under = true;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const part of document.querySelectorAll("[data-live]")) {
            const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
            if (!fresh || fresh.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
            const open = [...part.querySelectorAll("details")].map((one) => one.open);
            part.innerHTML = fresh.innerHTML;
            [...part.querySelectorAll("details")].forEach((one, place) => { one.open = open[place] ?? one.open; });
            part.classList.remove("fresh");
            void part.offsetWidth;
            part.classList.add("fresh");
          }
          const line = page.querySelector(".as-of"), mine = document.querySelector(".as-of");
          if (line && mine) mine.innerHTML = line.innerHTML;
        }
      } finally {
        under = false;
        if (again) { again = false; later(); }
      }
    };
    // The first entry shows at once; those of a burst together, twice a second.
    let last = -Infinity;
    const later = () => {
      if (wait) return;
      wait = setTimeout(() => { wait = 0; last = performance.now(); refresh(); }, Math.max(50, last + 500 - performance.now()));
    };
    const source = new EventSource(stream);
    // A page about one case asks again only for what is about it.
    const about = document.querySelector("[data-about]")?.dataset.about;
    source.addEventListener("ledger", (event) => {
      if (!about || event.data.includes(JSON.stringify(about))) later();
    });
    // Time passes without entries, too: what is left of a limit is said anew.
    setInterval(() => { if (!document.hidden) later(); }, 60000);
    addEventListener("pagehide", () => source.close());
  }
})();
