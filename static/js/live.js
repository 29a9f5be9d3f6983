// Pages that change by themselves. A region says what it is about in data-live
// ("shipment:5 order:7"); one stream per page says what has changed, and the
// region is asked for again at the page's own address. A region with
// data-live-calm never moves under somebody's hands: a line above says that it
// has changed. Without this the page is as true as when it was loaded.
(() => {
  "use strict";
  const page = document.body;
  if (!page?.dataset.liveAfter || !window.EventSource || !window.htmx) return;
  const LOST = 10e3; // silence is told after this, in ms
  const IDLE = 600e3; // nobody touches the page: nobody looks
  const GAP = 2e3; // at least between two looks at one region
  const AGAIN = 5e3; // after an answer that was no stream

  const regions = () => [...document.querySelectorAll("[data-live]")];
  const topics = () => [...new Set(regions().flatMap((region) => region.dataset.live.split(" ")))].filter(Boolean).sort();
  const show = (id, yes) => { const line = document.getElementById(id); if (line) line.hidden = !yes; };

  let stream;
  let after = page.dataset.liveAfter;
  let about = "";
  let lost;
  let over = false;
  let notBefore = 0;
  let touched = Date.now();

  const paused = () => { if (regions().length) show("live-paused", true); };
  const close = () => { stream?.close(); stream = undefined; };

  const open = () => {
    if (stream || over || document.hidden || Date.now() < notBefore) return;
    about = topics().join(" ");
    stream = new EventSource("/live?" + new URLSearchParams([["after", after], ...topics().map((topic) => ["about", topic])]));
    stream.onopen = () => {
      clearTimeout(lost);
      lost = undefined;
      show("live-paused", false);
    };
    stream.onmessage = hear;
    // the server's last word: signed out, or too many windows
    stream.addEventListener("bye", () => { over = true; close(); paused(); });
    stream.onerror = () => {
      lost ??= setTimeout(paused, LOST);
      if (stream?.readyState !== EventSource.CLOSED) return; // it comes back by itself
      close();
      notBefore = Date.now() + AGAIN;
      setTimeout(open, AGAIN);
    };
  };

  const hear = ({ data, lastEventId }) => {
    after = lastEventId || after;
    const { changed, problems } = JSON.parse(data);
    for (const count of document.querySelectorAll("[data-problems]")) {
      count.textContent = problems;
      count.closest(".count").hidden = !problems;
    }
    for (const region of regions()) {
      if (region.dataset.live.split(" ").some((topic) => changed.includes(topic))) refresh(region.id);
    }
  };

  // By id: a swap may put another element in a region's place.
  const busy = new Map();
  const refresh = (id) => {
    if (busy.has(id)) return void busy.set(id, true);
    busy.set(id, false);
    look(id).catch(() => {}).finally(() => setTimeout(() => {
      const again = busy.get(id);
      busy.delete(id);
      if (again) refresh(id);
    }, GAP));
  };
  const look = async (id) => {
    const region = document.getElementById(id);
    if (!region) return;
    if (region.matches("[data-live-calm]:is(:hover, :focus-within, :has(.pick input:checked))")) return show("live-changed", true);
    await htmx.ajax("GET", location.pathname + location.search, { source: region, target: region, swap: "outerMorph" });
    show("live-changed", false);
    // what is finished is about nothing any more
    if (stream && topics().join(" ") !== about) { close(); open(); }
  };
  // What somebody unfolded stays so.
  document.addEventListener("htmx:before:morph:attr", (event) => {
    if (event.target.localName === "details" && event.detail.attrName === "open") event.preventDefault();
  });

  const touch = () => { touched = Date.now(); open(); };
  for (const type of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    addEventListener(type, touch, { passive: true, capture: true });
  }
  setInterval(() => {
    if (stream && Date.now() - touched > IDLE) { close(); paused(); }
  }, 30e3);
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : touch()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", touch);
  open();
})();
