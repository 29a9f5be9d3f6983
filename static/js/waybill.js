// What the pages gain from script. Nothing here is needed: every link, form and
// <details> works alone. Elements are made one by one, never from HTML text, so
// the content security policy may demand trusted types.
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (type, handler, capture) => document.addEventListener(type, handler, capture);
  const make = (tag, props = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), props);
    element.append(...children);
    return element;
  };
  const typing = (element) =>
    element.closest?.("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]");
  const shown = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;
  root.dataset.js = "";

  // ---- telling ---------------------------------------------------------------
  const announce = (text) => { const place = $("#announce"); if (place) place.textContent = text; };

  const toast = (text) => {
    const note = make("p", { className: "toast", textContent: text });
    $("#toasts")?.append(note);
    setTimeout(() => note.remove(), 10000);
  };
  on("toast", (event) => toast(event.detail?.value ?? String(event.detail)));

  const alarm = (heading, text) => {
    const place = $("#alerts");
    if (!place) return;
    place.replaceChildren(make("div", { className: "banner danger" }, make("span"),
      make("div", {}, make("strong", { textContent: heading }), make("p", { textContent: text }))));
    place.scrollIntoView({ block: "nearest" });
  };
  // What a live region asks for by itself fails in silence: nobody waits for it.
  const byItself = (ctx) => ctx?.sourceElement?.matches?.("[data-live]");
  on("htmx:error", ({ detail: { ctx } }) => {
    if (ctx && !byItself(ctx)) alarm("That did not get through", "Check your connection, then try again. What you typed is still here.");
  });
  on("htmx:response:error", ({ detail: { ctx } }) => {
    if (byItself(ctx)) return void (ctx.swap = "none");
    if (ctx.response.status < 500) return;
    ctx.swap = "none";
    const trace = ctx.response.headers.get("x-trace-id");
    alarm("Something failed on our side", "What you typed is still here. Try again in a minute." + (trace ? ` Quote ${trace} if you write to us.` : ""));
  });
  on("htmx:before:request", ({ detail: { ctx } }) => { if (!byItself(ctx)) $("#alerts")?.replaceChildren(); });

  // ---- dialog ----------------------------------------------------------------
  // A link with data-dialog is fetched into the one <dialog>; the address it names
  // is also a page. Closing gives the focus back to the link.
  const dialog = $("#dialog");
  const body = $("#dialog-body");
  let opener;
  let changed = false;

  const show = () => {
    const heading = $("h1, h2", body);
    if (heading) {
      heading.id ||= "dialog-title";
      heading.tabIndex = -1;
      dialog.setAttribute("aria-labelledby", heading.id);
    }
    if (!dialog.open) { changed = false; dialog.showModal(); }
    ($("[autofocus]", body) ?? heading ?? dialog).focus();
    dialog.scrollTop = 0;
  };
  const shut = (event) => {
    event.preventDefault();
    const fields = $("input:not([type=hidden]), textarea, select", body);
    if (!changed || !fields || confirm("Close and lose what you typed?")) dialog.close();
  };

  if (dialog) {
    dialog.addEventListener("input", () => { changed = true; });
    dialog.addEventListener("cancel", shut);
    dialog.addEventListener("close", () => {
      body.replaceChildren();
      if (opener?.isConnected) opener.focus();
    });
    let pressedOutside = false;
    dialog.addEventListener("pointerdown", (event) => { pressedOutside = event.target === dialog; });
    dialog.addEventListener("click", (event) => {
      if ((event.target === dialog && pressedOutside) || event.target.closest("[data-close]")) shut(event);
    });
    on("htmx:after:swap", ({ detail: { ctx } }) => { if (ctx.target === body && body.firstElementChild) show(); });
  }

  on("click", (event) => {
    const link = event.target.closest?.("a[data-dialog]");
    if (!link || !dialog || !window.htmx || event.defaultPrevented) return;
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (!dialog.open) opener = shown(link) ? link : document.activeElement;
    const from = link.getAttribute("href");
    link.setAttribute("aria-busy", "true");
    htmx.ajax("GET", from, { source: link, target: "#dialog-body", swap: "innerHTML", headers: { "HX-Target": "div#dialog-body" } })
      .catch(() => { location.href = from; })
      .finally(() => link.removeAttribute("aria-busy"));
  });

  // ---- copy ------------------------------------------------------------------
  on("click", async (event) => {
    const button = event.target.closest?.("[data-copy], [data-copy-from]");
    if (!button) return;
    const text = button.dataset.copy ?? $$(".code > span", $(button.dataset.copyFrom)).map((line) => line.textContent).join("\n");
    try {
      await navigator.clipboard.writeText(text);
      button.dataset.copied = "";
      announce("Copied");
      setTimeout(() => delete button.dataset.copied, 1600);
    } catch { announce("Not copied"); }
  });

  // ---- lists -----------------------------------------------------------------
  let anchor;
  const boxes = (from) => $$("tbody .pick input", from.closest(".grid"));

  const count = (grid) => {
    const all = boxes($("table", grid) ?? grid);
    const ticked = all.filter((box) => box.checked).length;
    for (const head of $$("[data-check-all]", grid)) {
      head.checked = ticked > 0 && ticked === all.length;
      head.indeterminate = ticked > 0 && ticked < all.length;
    }
    for (const place of $$("[data-selected]", grid)) place.textContent = place.dataset.selected.replace("{n}", ticked);
    for (const place of $$("[data-when-all]", grid)) place.hidden = ticked !== all.length;
  };
  const range = (box, to) => {
    const all = boxes(box);
    const [from, until] = [all.indexOf(anchor), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) all.slice(from, until + 1).forEach((other) => { other.checked = to; });
  };
  on("click", (event) => {
    const box = event.target.closest?.(".grid tbody .pick input");
    if (!box) return;
    if (event.shiftKey && anchor && anchor !== box) range(box, box.checked);
    anchor = box;
    count(box.closest(".grid"));
  });
  on("change", ({ target }) => {
    if (!target.matches?.("[data-check-all]")) return;
    boxes(target).forEach((box) => { box.checked = target.checked; });
    count(target.closest(".grid"));
  });
  const countAll = () => $$(".grid:has(.pick)").forEach(count);

  const rows = () => $$(".grid tbody > tr:has(a[data-primary])").filter(shown);
  const current = () => document.activeElement?.closest?.(".grid tbody > tr:has(a[data-primary])");
  const move = (step) => {
    const all = rows();
    const at = all.indexOf(current());
    const row = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
    const link = row && $("a[data-primary]", row);
    link?.focus({ focusVisible: true });
    row?.scrollIntoView({ block: "nearest" });
  };
  const listKeys = {
    j: ["Next row", () => move(1)],
    k: ["Previous row", () => move(-1)],
    o: ["Open the row", () => $("a[data-primary]", current())?.click()],
    x: ["Select the row", () => {
      const box = $(".pick input", current());
      if (box) { box.checked = !box.checked; anchor = box; count(box.closest(".grid")); }
    }, ".pick input"],
    "shift+x": ["Select up to the row", () => {
      const box = $(".pick input", current());
      if (box) { range(box, true); box.checked = true; anchor = box; count(box.closest(".grid")); }
    }, ".pick input"],
  };

  // A row's own controls name a key with data-row-key; while rows are ticked, the
  // control of the same key above them does it to all of those.
  const ofRow = (key) => {
    const row = current();
    const all = $(".pick :checked", row?.closest("tbody")) && $(`.bulk [data-row-key="${key}"]`, row.closest(".grid"));
    return all || $(`[data-row-key="${key}"]`, row);
  };
  const keysOfRows = () => {
    const all = rows();
    const lines = Object.entries(listKeys)
      .filter(([, [, , needs]]) => !needs || all.some((row) => $(needs, row)))
      .map(([key, [name]]) => [key, name]);
    const own = new Map(all.flatMap((row) => $$("[data-row-key]", row)).map((one) => [one.dataset.rowKey, nameOf(one)]));
    return all.length ? [...lines, ...own] : [];
  };

  // ---- keys ------------------------------------------------------------------
  // A control names its key: data-key="s", "g o" for one after the other, "mod+k"
  // with Ctrl or ⌘. The script only clicks the control, or focuses a field.
  const keyed = (scope) => $$("[data-key]", scope).filter(shown);
  const act = (control) => (control.matches("input:not([type=submit], [type=checkbox]), select, textarea")
    ? (control.focus(), control.select?.()) : control.click());
  const nameOf = (control) => control.dataset.keyLabel || control.getAttribute("aria-label")
    || [...control.childNodes].map((node) => node.data ?? "").join(" ").trim();

  let first = "";
  let firstTimer;
  on("keydown", (event) => {
    if (event.isComposing || event.altKey || event.repeat && !/^[jk]$/.test(event.key)) return;
    if (event.key === "Escape") return dismiss(event);
    const mod = event.ctrlKey || event.metaKey;
    const scope = dialog?.open ? dialog : document;
    const press = (name) => {
      const control = keyed(scope).find((one) => one.dataset.key === name);
      if (control) { event.preventDefault(); act(control); }
      return !!control;
    };
    if (mod) return void press("mod+" + event.key.toLowerCase());
    if (root.dataset.shortcuts === "off" || typing(event.target) || event.key.length > 1) return;
    const key = event.shiftKey && /[a-z]/i.test(event.key) ? "shift+" + event.key.toLowerCase() : event.key;
    const sequence = first && first + " " + key;
    clearTimeout(firstTimer);
    first = "";
    if (sequence && press(sequence)) return;
    if (press(key)) return;
    if (key === "?") { event.preventDefault(); return help(); }
    const control = scope === document && current() && ofRow(key);
    if (control) { event.preventDefault(); return control.click(); }
    if (scope === document && listKeys[key] && rows().length) { event.preventDefault(); return listKeys[key][1](); }
    if (keyed(scope).some((one) => one.dataset.key.startsWith(key + " "))) {
      first = key;
      firstTimer = setTimeout(() => { first = ""; }, 1200);
    }
  });

  // Enter in a number among many is not the end of the form: it takes the number
  on("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    if (!event.target.closest?.("[data-enter=change] input:not([type=checkbox])")) return;
    event.preventDefault();
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });

  const help = () => {
    if (!dialog || dialog.open) return;
    opener = document.activeElement;
    const lines = [["?", "These keys"]];
    lines.push(...keysOfRows());
    for (const control of keyed(document)) lines.push([control.dataset.key, nameOf(control)]);
    const keys = (text) => text.split(/[ +]/).map((part) => make("kbd", { textContent: part === "mod" ? "Ctrl" : part }));
    body.replaceChildren(make("h2", { textContent: "Keys on this page" }), make("dl", { className: "keys-list" },
      ...lines.flatMap(([key, name]) => [make("dt", {}, ...keys(key)), make("dd", { textContent: name })])));
    show();
  };

  // ---- things that float -----------------------------------------------------
  const dismiss = (event) => {
    for (const card of $$(".hover-card:not([data-dismissed])")) {
      if (!card.matches(":hover, :focus-within, [open]")) continue;
      if ($(".float :focus", card)) $("summary", card).focus();
      card.open = false;
      card.dataset.dismissed = "";
    }
    const menu = event.target.closest?.(".menu[open]");
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  };
  const revive = ({ target, relatedTarget }) => {
    const card = target.closest?.("[data-dismissed]");
    if (card && !card.contains(relatedTarget)) delete card.dataset.dismissed;
  };
  on("mouseout", revive);
  on("focusout", revive);
  on("click", ({ target }) => {
    const card = target.closest?.("[data-dismissed]");
    if (card) delete card.dataset.dismissed;
    for (const open of $$(".menu[open], .hover-card[open]")) if (!open.contains(target)) open.open = false;
  });

  // ---- theme and density -----------------------------------------------------
  on("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (!form.matches?.("[data-preferences]") || !button?.name) return;
    event.preventDefault();
    root.dataset[button.name] = button.value;
    for (const other of $$(`button[name="${button.name}"]`, form)) other.setAttribute("aria-pressed", other === button);
    fetch(form.action, { method: "POST", redirect: "manual", body: new URLSearchParams([[button.name, button.value]]) })
      .catch(() => alarm("Not saved", "Check your connection, then choose again."));
  });

  // ---- forms -----------------------------------------------------------------
  // A second click while the first is under way does nothing; the server would
  // refuse it anyway.
  on("submit", (event) => {
    const button = event.submitter;
    if (event.defaultPrevented || !button || button.closest("[data-preferences], [data-download]")) return;
    if (button.getAttribute("aria-busy")) return event.preventDefault();
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("beforeprint", () => {
    for (const place of $$("[data-printed]")) place.textContent = new Date().toLocaleString();
  });
  const settle = () => {
    $$("button[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
    countAll();
  };
  addEventListener("pageshow", settle);
  on("htmx:finally:request", ({ detail: { ctx } }) => (byItself(ctx) ? countAll() : settle()));

  // ---- where to begin --------------------------------------------------------
  const begin = () => { ($(".error-summary") ?? $("[data-flash]"))?.focus(); countAll(); };
  document.readyState === "loading" ? on("DOMContentLoaded", begin) : begin();
})();
